/**
 * Leaving politely: asks those who will own our names once we are gone for copies, and waits until they have them, but
 * only for so long that the goodbyes still fit into the ten seconds of a departure. Downloads from here go on meanwhile.
 */
import type { Keep } from './keep.js'
import type { Parts } from './parts.js'
import type { Register } from './register.js'
import type { SpreadDuty } from './spread-duty.js'

/** Goodbyes and the closing of links to peers that stand still take up to a second each, the whole departure ten. */
const LIMIT_MS = 8_000
const CHECK_MS = 200
const ASK_AGAIN_MS = 2_000
/** Files that are named in the log; of more only the number is told. */
const MAX_NAMED = 8

export function handOver(
  { env, names, holdings, holders, mesh }: Parts,
  keeping: Keep,
  spread: SpreadDuty,
  done: () => void,
): void {
  const self = env.identity.id
  const deadline = env.now() + LIMIT_MS
  const ours = () => {
    const registers: Register[] = []
    for (const { manifest, blob } of holdings.all()) {
      const register = names.byManifest(manifest)
      const published = register?.publisher === self && register.copies
      if (register !== undefined && (blob || published)) registers.push(register)
    }
    return registers
  }
  const lacks = (register: Register) => keeping.lacking(register, self).length > 0
  const others = ({ manifest }: Register) => (manifest === null ? 0 : holders.complete(manifest))
  const isAlone = () => [...mesh.members()].length === 0
  const log = (text: string) => env.log('warn', text)
  const tellWhatIsLeft = (loose: readonly Register[]) => {
    // where nobody is left to become a keeper, nobody lacks a copy
    const left = ours().filter((register) => lacks(register) || others(register) === 0)
    for (const register of left.slice(0, MAX_NAMED)) {
      const copies = others(register)
      if (copies === 0) log(`nobody else holds "${register.name}": it comes back with this peer`)
      else log(`"${register.name}" has ${copies} other complete holders: not all its keepers have it yet`)
    }
    for (const { name } of loose.slice(0, MAX_NAMED)) {
      if (isAlone()) log(`nobody else holds chunks of "${name}": they come back with this peer`)
      else log(`not all chunks of "${name}" are at their other owners yet`)
    }
    const more = Math.max(0, left.length - MAX_NAMED) + Math.max(0, loose.length - MAX_NAMED)
    if (more > 0) log(`and ${more} more files like that`)
  }
  let askedAt = Number.NEGATIVE_INFINITY
  let loose: readonly Register[] = []
  const check = () => {
    const owed = isAlone() ? [] : ours().filter(lacks)
    const isOver = () => isAlone() || owed.length + loose.length === 0 || env.now() >= deadline
    const mayAsk = env.now() - askedAt >= ASK_AGAIN_MS
    // all files can be many large ones: in between only those that were owed, and all once more before it ends
    loose = spread.counts.owedWithout(mayAsk ? undefined : loose)
    if (isOver() && !mayAsk) loose = spread.counts.owedWithout()
    if (isOver()) {
      tellWhatIsLeft(loose)
      return done()
    }
    if (mayAsk) {
      askedAt = env.now()
      for (const register of owed) keeping.askNow(register, keeping.lacking(register, self))
      for (const register of loose) spread.handOver(register)
    }
    env.after(CHECK_MS, check)
  }
  env.after(0, check)
}

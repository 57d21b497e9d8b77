/**
 * Leaving politely: asks those who will own our names once we are gone for copies, and waits until they have them, but
 * never longer than ten seconds. Downloads from here go on meanwhile.
 */
import type { Keeping } from './duty.js'
import type { Parts } from './parts.js'
import type { Register } from './register.js'
import type { SpreadDuty } from './spread-duty.js'

const LIMIT_MS = 10_000
const CHECK_MS = 200
const ASK_AGAIN_MS = 2_000

export function handOver(
  { env, names, holdings, holders, mesh }: Parts,
  keeping: Keeping,
  spread: SpreadDuty,
  done: () => void,
): void {
  const self = env.identity.id
  const deadline = env.now() + LIMIT_MS
  const owed = () => {
    const registers: Register[] = []
    for (const { manifest, blob } of holdings.all()) {
      const register = names.byManifest(manifest)
      const published = register?.publisher === self && register.copies
      if (register !== undefined && (blob || published)) registers.push(register)
    }
    const whole = registers.filter((register) => keeping.lacking(register, self).length > 0)
    return [...new Set([...whole, ...spread.counts.owedWithout()])]
  }
  let askedAt = Number.NEGATIVE_INFINITY
  const check = () => {
    const left = [...mesh.members()].length === 0 ? [] : owed()
    if (left.length === 0 || env.now() >= deadline) {
      for (const { name, manifest, keeping: how } of left) {
        const copies = manifest === null ? 0 : holders.complete(manifest)
        const whole = `has ${copies} other complete holders: not all its keepers have it yet`
        env.log('warn', `"${name}" ${how === 'spread' ? 'has chunks that not all their owners have yet' : whole}`)
      }
      return done()
    }
    if (env.now() - askedAt >= ASK_AGAIN_MS) {
      askedAt = env.now()
      for (const register of left) {
        keeping.askNow(register, keeping.lacking(register, self))
        if (register.keeping === 'spread') spread.handOver(register)
      }
    }
    env.after(CHECK_MS, check)
  }
  env.after(0, check)
}

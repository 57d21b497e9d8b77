/**
 * Leaving politely: asks those who will own our names once we are gone for copies, and waits until they have them, but
 * never longer than ten seconds. Downloads from here go on meanwhile.
 */
import type { Keep } from './keep.js'
import type { Parts } from './parts.js'
import type { Register } from './register.js'

const LIMIT_MS = 10_000
const CHECK_MS = 200
const ASK_AGAIN_MS = 2_000

export function handOver({ env, names, holdings, holders, mesh }: Parts, keeping: Keep, done: () => void): void {
  const self = env.identity.id
  const deadline = env.now() + LIMIT_MS
  const owed = () => {
    const registers: Register[] = []
    for (const { manifest, blob } of holdings.all()) {
      const register = names.byManifest(manifest)
      const published = register?.publisher === self && register.copies
      if (register !== undefined && (blob || published)) registers.push(register)
    }
    return registers.filter((register) => keeping.lacking(register, self).length > 0)
  }
  let askedAt = Number.NEGATIVE_INFINITY
  const check = () => {
    const left = [...mesh.members()].length === 0 ? [] : owed()
    if (left.length === 0 || env.now() >= deadline) {
      for (const { name, manifest } of left) {
        const copies = manifest === null ? 0 : holders.complete(manifest)
        env.log('warn', `"${name}" has ${copies} other complete holders: not all its keepers have it yet`)
      }
      return done()
    }
    if (env.now() - askedAt >= ASK_AGAIN_MS) {
      askedAt = env.now()
      for (const register of left) keeping.askNow(register, keeping.lacking(register, self))
    }
    env.after(CHECK_MS, check)
  }
  env.after(0, check)
}

/**
 * Makes every leak of the outer world into a simulation loud: while a run is under way, clocks, timers, randomness and
 * promises of the real process throw. Without it a leak shows only as a seed that cannot be replayed.
 */
import nodeCrypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { promiseHooks } from 'node:v8'

export class LeakError extends Error {
  override readonly name = 'LeakError'
}

type Owner = Record<string, unknown>

const RealDate = Date
const RANDOM = [
  'randomBytes',
  'randomFillSync',
  'randomFill',
  'randomInt',
  'randomUUID',
  'generateKeyPairSync',
] as const

function refuse(what: string): () => never {
  return () => {
    throw new LeakError(`${what} was called inside the simulation: ask Env instead`)
  }
}

/** A Date that still converts given times but never tells the present one. */
class TrappedDate extends RealDate {
  constructor(...given: readonly [] | readonly [number | string | Date]) {
    if (given.length === 0) throw new LeakError('new Date() was called inside the simulation: ask env.wallTime()')
    super(given[0])
  }
  static override now = refuse('Date.now')
}

function traps(): readonly (readonly [Owner, string, unknown])[] {
  const global = globalThis as unknown as Owner
  const timers = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'fetch'] as const
  return [
    [global, 'Date', TrappedDate],
    [Math as unknown as Owner, 'random', refuse('Math.random')],
    [performance as unknown as Owner, 'now', refuse('performance.now')],
    [process as unknown as Owner, 'hrtime', refuse('process.hrtime')],
    [process as unknown as Owner, 'nextTick', refuse('process.nextTick')],
    ...timers.map((name) => [global, name, refuse(name)] as const),
    ...RANDOM.map((name) => [nodeCrypto as unknown as Owner, name, refuse(`crypto.${name}`)] as const),
  ]
}

/** Runs `action` with the outer world out of reach. Must not be nested, and `action` must be synchronous. */
export function withoutWorld(action: () => void): void {
  const saved = traps().map(([owner, name, trap]) => {
    const descriptor = Object.getOwnPropertyDescriptor(owner, name)
    Object.defineProperty(owner, name, { value: trap, writable: true, configurable: true })
    return { owner, name, descriptor }
  })
  syncBuiltinESMExports()
  let promises = 0
  const unhook = promiseHooks.onInit(() => {
    promises++
  })
  try {
    action()
  } finally {
    unhook()
    for (const { owner, name, descriptor } of saved.reverse()) {
      if (descriptor === undefined) delete owner[name]
      else Object.defineProperty(owner, name, descriptor)
    }
    syncBuiltinESMExports()
  }
  if (promises > 0) throw new LeakError(`${promises} promises were made inside the simulation: the core must not await`)
}

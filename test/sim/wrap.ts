/** An Env with some of its parts exchanged: how tests plant a bug without touching the product. */
import type { Env, Store } from '../../src/env.js'

/** `parts` replace those of `env`; everything else goes through. */
export function withParts(env: Env, parts: Partial<Pick<Env, 'links' | 'store' | 'chunks' | 'workers'>>): Env {
  return {
    identity: env.identity,
    network: env.network,
    links: env.links,
    datagrams: env.datagrams,
    store: env.store,
    chunks: env.chunks,
    workers: env.workers,
    now: () => env.now(),
    wallTime: () => env.wallTime(),
    after: (delayMs, fn) => env.after(delayMs, fn),
    random: () => env.random(),
    randomBytes: (count) => env.randomBytes(count),
    sign: (text) => env.sign(text),
    localPeers: (done) => env.localPeers(done),
    log: (level, text) => env.log(level, text),
    fatal: (reason) => env.fatal(reason),
    ...parts,
  }
}

/** A store that says `done` before anything is on the disk. */
export function hastyStore({ store, after }: { readonly store: Store; readonly after: Env['after'] }): Store {
  return {
    get: (table, key) => store.get(table, key),
    entries: (table) => store.entries(table),
    write: (operations, done) => {
      store.write(operations)
      if (done !== undefined) after(0, done)
    },
  }
}

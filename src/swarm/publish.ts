/**
 * Publishes files of our user. A store is acknowledged only when register and manifest are durable here and two owners
 * (or as many as there are members) have durable copies of their own, of a spread file of each chunk; owners go on to k.
 * Invariant: whatever was acknowledged is found again as long as one of its holders lives.
 */

import type { KeepingKind } from '../../wire/messages/swarm.js'
import type { SwarmMessage } from '../../wire/messages.js'
import type { Hash, PeerId } from '../../wire/types.js'
import { type Done, done, type OnProgress, refused, type StoredView, type StoreOptions } from '../api.js'
import type { Cancel, FileStamp, Layout } from '../env.js'
import { countBits } from './bitmap.js'
import type { Fetches } from './fetches.js'
import type { Keep } from './keep.js'
import type { Keeper } from './keeper.js'
import type { Lookup } from './lookup.js'
import { checkName, chunkSizeFor, MAX_FILE_BYTES, type Manifest, makeManifest } from './manifest.js'
import type { Parts } from './parts.js'
import { makeRegister, meantBy, type Register } from './register.js'
import { chunksIn } from './spread-counts.js'
import type { SpreadDuty } from './spread-duty.js'

const CHECK_MS = 500
const ASK_AGAIN_MS = 2_000
const REMOVE_WAIT_MS = 3_000
const MAX_WAITING = 256
const MAX_COUNTED_AT_ONCE = 256

export interface PublishParts {
  readonly parts: Parts
  readonly lookup: Lookup
  readonly keeping: Keep
  readonly keeper: Keeper
  readonly fetches: Fetches
  readonly spread: SpreadDuty
  /** A name of ours means nothing any more. */
  withdrawn(): void
}

/** A publication that waits for copies. */
interface Waiting {
  readonly register: Register
  readonly acked: Set<PeerId> // keepers with durable register and manifest; at most one per keeper
  check(): void
}

interface Order {
  readonly path: string
  readonly name: string
  readonly keeping: KeepingKind
  readonly force: boolean
  readonly progress: OnProgress
  readonly done: Done<StoredView>
}

export class Publishing {
  readonly #p: PublishParts
  readonly #waiting = new Map<Hash, Waiting>() // by register id; at most MAX_WAITING

  constructor(parts: PublishParts) {
    this.#p = parts
  }

  publish(
    path: string,
    keeping: KeepingKind,
    options: StoreOptions,
    progress: OnProgress,
    answer: Done<StoredView>,
  ): Cancel {
    const name = (options.as ?? baseName(path)).normalize('NFC')
    const wrong = checkName(name)
    const full = this.#waiting.size >= MAX_WAITING ? `${MAX_WAITING} files are being stored: wait for one to end` : null
    const refusal = wrong ?? full
    if (refusal !== null) return this.#p.parts.env.after(0, () => answer(refused(refusal)))
    let open = true
    let stop: Cancel = () => {}
    const order: Order = {
      path,
      name,
      keeping,
      force: options.force ?? false,
      progress: (step) => {
        if (open) progress(step)
      },
      done: (result) => {
        if (open) answer(result)
        open = false
      },
    }
    this.#p.lookup.registers(name, (registers) => {
      if (open) stop = this.#hash(order, registers)
    })
    return () => {
      open = false
      stop()
    }
  }

  /** Withdraws a name of our own; the removal outlives this peer at the keepers. */
  remove(name: string, answer: Done<StoredView>): void {
    this.#p.lookup.registers(name.normalize('NFC'), (registers) => {
      const { env } = this.#p.parts
      const own = registers.find((register) => register.publisher === env.identity.id)
      const meant = meantBy(registers)
      if (own !== undefined && own.manifest !== null) return this.#withdraw(own, own.manifest, answer)
      if (meant === undefined) return answer(refused(`File does not exist: "${name}" (files lists what there is)`))
      answer(
        refused(
          `"${name}" was published by ${this.#p.parts.nameOf(meant.publisher)}: only its publisher can remove it`,
        ),
      )
    })
  }

  /** A keeper has register and manifest durably. */
  stored(from: PeerId, register: Hash): void {
    const waiting = this.#waiting.get(register)
    if (waiting === undefined) return
    const { holders, roster } = this.#p.parts
    const { manifest, name } = waiting.register
    if (!roster.inReach(name, from)) return
    waiting.acked.add(from)
    if (manifest !== null && holders.state(manifest, from) === 'none') {
      holders.note(manifest, from, 'listed', new Uint8Array(0), 0)
    }
    waiting.check()
  }

  /** Somebody's holdings changed: a store may have its copies now. */
  changed(id: Hash): void {
    for (const { register, check } of [...this.#waiting.values()]) {
      // many tell of a large spread file: it is checked twice a second anyway
      const large = register.keeping === 'spread' && chunksIn(register) > MAX_COUNTED_AT_ONCE
      if (register.manifest === id && !large) check()
    }
  }

  #hash(order: Order, registers: readonly Register[]): Cancel {
    const { env } = this.#p.parts
    const { name, force, progress } = order
    const others = registers.filter((register) => register.publisher !== env.identity.id)
    const taken = meantBy(others)
    if (taken !== undefined && !force) {
      const who = this.#p.parts.nameOf(taken.publisher)
      order.done(refused(`"${name}" is already published by ${who}: --as stores under another name, --force beside it`))
      return () => {}
    }
    return env.chunks.hash(
      order.path,
      chunkSizeFor,
      (doneBytes, total) => progress({ text: `reading ${name}`, done: doneBytes, total, unit: 'bytes' }),
      (hashed) => {
        if ('error' in hashed) return order.done(refused(hashed.error))
        if (hashed.layout.size > MAX_FILE_BYTES) return order.done(refused(`"${name}" is larger than 256 GiB`))
        const own = registers.find((register) => register.publisher === env.identity.id)
        this.#commit(order, own, hashed.layout, hashed.stamp)
      },
    )
  }

  /** Signs, serves from the user's file, makes it durable, then tells the owners. */
  #commit(order: Order, own: Register | undefined, layout: Layout, stamp: FileStamp): void {
    const { env, chain, manifests, holdings, names, gossip } = this.#p.parts
    const { name, keeping } = order
    const same = this.#unchanged(own, keeping, layout)
    const manifest = same ?? makeManifest(env, chain, name, (own?.version ?? 0) + 1, layout)
    const time = env.wallTime()
    const live = own?.manifest != null
    const register =
      same !== undefined && own !== undefined
        ? own
        : makeRegister(env, chain, {
            name,
            version: manifest.version,
            manifest: manifest.id,
            size: layout.size,
            keeping,
            since: live && own !== undefined ? own.since : time,
            time,
          })
    env.chunks.adopt(manifest.id, layout, stamp)
    env.store.write([manifests.putting(manifest)])
    holdings.addFile(manifest, stamp, () => {
      const merged = names.merge(register, true, [], () => {
        gossip.spread([register])
        this.#spread(order, register, manifest)
      })
      if (merged === 'full') order.done(refused('this network knows too many names: remove some first'))
      if (merged === 'older') order.done(refused(`"${name}" was published again meanwhile: try once more`))
    })
  }

  /** The manifest that we published under this name already, where the content is the same. */
  #unchanged(own: Register | undefined, keeping: KeepingKind, layout: Layout): Manifest | undefined {
    if (own === undefined || own.manifest === null || own.keeping !== keeping) return undefined
    const manifest = this.#p.parts.manifests.get(own.manifest)
    if (manifest === undefined || manifest.layout.size !== layout.size) return undefined
    return Buffer.compare(manifest.layout.hashes, layout.hashes) === 0 ? manifest : undefined
  }

  #spread(order: Order, register: Register, manifest: Manifest): void {
    const { env, said, roster, nameOf } = this.#p.parts
    const { counts } = this.#p.spread
    const others = roster.keepers(register.name).filter((keeper) => keeper !== env.identity.id)
    if (register.copies && others.length > 0)
      said.say('info', `Store ${register.name} request sent to ${others.map(nameOf).join(', ')}`)
    const acked = new Set<PeerId>()
    let askedAt = Number.NEGATIVE_INFINITY
    let stop: Cancel = () => {}
    const check = () => {
      const replaced = !this.#p.parts.names.knows(register)
      const copies = this.#durable(register, acked)
      const needed = roster.enough(register.name)
      const room = (register.copies ? roster.withRoom(register.name) : null) ?? needed
      const isSpread = counts.isStored(register)
      // whoever has not answered yet may have room
      const incomplete = copies < Math.min(needed, room) || !(isSpread || counts.isCrowdedOut(register))
      if (!replaced && incomplete) return order.progress(this.#progress(register, manifest, copies, needed))
      this.#waiting.delete(register.id)
      stop()
      if (replaced) return order.done(refused(`"${register.name}" was changed or removed meanwhile`))
      if (copies < needed) return order.done(refused(noRoom(register, room)))
      if (!isSpread) return order.done(refused(noRoom(register, room)))
      const { id, name, layout, chunkCount: chunks } = manifest
      order.done(done({ name, id, size: layout.size, chunks, holders: this.#p.keeper.countOf(id) }))
    }
    const again = () => {
      if (env.now() - askedAt >= ASK_AGAIN_MS) {
        askedAt = env.now()
        this.#tell(register, manifest, acked)
      }
      stop = env.after(CHECK_MS, again)
      check()
    }
    this.#waiting.set(register.id, { register, acked, check })
    again()
  }

  /** Hands register and manifest to the owners and anchors that lack them, and asks for copies. */
  #tell(register: Register, manifest: Manifest, acked: ReadonlySet<PeerId>): void {
    const { env, post, holders, roster } = this.#p.parts
    const lacking = this.#p.keeping.lacking(register)
    const put: SwarmMessage = { type: 'manifestPut', register: register.signed, manifest: manifest.signed }
    // of a shared file the same content may be shared again: those who have it listed acknowledge it once more
    const unaware = register.copies
      ? lacking.filter((keeper) => holders.state(manifest.id, keeper) === 'none')
      : roster.keepers(register.name).filter((keeper) => !acked.has(keeper))
    for (const keeper of unaware) if (keeper !== env.identity.id) post.tell(keeper, put)
    for (const anchor of roster.anchors()) if (!acked.has(anchor)) post.tell(anchor, put)
    if (register.copies)
      this.#p.keeping.askNow(
        register,
        lacking.filter((keeper) => keeper !== env.identity.id),
      )
    this.#p.keeping.review(register)
    if (register.keeping === 'spread') this.#p.spread.hasten(register, manifest.id)
  }

  /** Durable copies at owners; of a shared file: durable registers. */
  #durable(register: Register, acked: ReadonlySet<PeerId>): number {
    const { roster, env } = this.#p.parts
    const keepers = roster.keepers(register.name)
    if (!register.copies) return keepers.filter((keeper) => keeper === env.identity.id || acked.has(keeper)).length
    return keepers.length - this.#p.keeping.lacking(register).length
  }

  #progress(register: Register, manifest: Manifest, copies: number, needed: number): Parameters<OnProgress>[0] {
    const { roster } = this.#p.parts
    const { size } = manifest.layout
    if (register.keeping === 'spread') return this.#p.spread.counts.progress(register, manifest.chunkCount)
    const most = roster.keepers(register.name).map((keeper) => this.#bytesAt(manifest, keeper))
    const best = most.sort((a, b) => b - a).slice(0, needed)
    const text = `${register.copies ? 'copies' : 'keepers'} of ${register.name}: ${copies} of ${needed}`
    return { text, done: best.reduce((sum, bytes) => sum + bytes, 0), total: size * needed, unit: 'bytes' }
  }

  #bytesAt({ id, layout }: Manifest, keeper: PeerId): number {
    const { env, holdings, holders } = this.#p.parts
    const ours = keeper === env.identity.id
    if ((ours ? holdings.state(id) : holders.state(id, keeper)) === 'kept') return layout.size
    if (ours) return this.#p.fetches.of(id)?.view.done ?? 0
    return Math.min(layout.size, countBits(holders.chunks(id, keeper)) * layout.chunkSize)
  }

  #withdraw(own: Register, id: Hash, answer: Done<StoredView>): void {
    const { env, chain, names, gossip, post, roster, manifests } = this.#p.parts
    const { fetches } = this.#p
    const { name, size, keeping, since } = own
    const chunks = manifests.get(id)?.chunkCount ?? 0
    const fields = { name, size, keeping, since, version: own.version + 1, manifest: null, time: env.wallTime() }
    const register = makeRegister(env, chain, fields)
    const acked = new Set<PeerId>()
    names.merge(register, true, [], () => {
      gossip.spread([register])
      fetches.stopKeeping(id)
      fetches.dropCopy(id)
      this.#p.spread.look(id)
      this.#p.withdrawn()
      const others = roster.keepers(name).filter((keeper) => keeper !== env.identity.id)
      for (const keeper of [...others, ...roster.anchors()])
        post.tell(keeper, { type: 'manifestPut', register: register.signed, manifest: null })
      let stop: Cancel = () => {}
      const check = () => {
        if (acked.size < Math.min(1, others.length) && this.#waiting.has(register.id)) return
        this.#waiting.delete(register.id)
        stop()
        answer(done({ name, id, size, chunks, holders: 0 }))
      }
      this.#waiting.set(register.id, { register, acked, check })
      stop = env.after(REMOVE_WAIT_MS, () => {
        this.#waiting.delete(register.id)
        check()
      })
      check()
    })
  }
}

/** It stays published: its copies are made when there is room. */
function noRoom({ name, size, keeping }: Register, room: number): string {
  const few = room === 0 ? 'no peer has room' : 'only one peer has room, and two copies are needed,'
  const lack = keeping === 'spread' ? 'too few peers have room for the chunks of' : `${few} for`
  return `${lack} "${name}" (${size} bytes): it is served from here until some has (start peers with more --quota)`
}

/** The last part of a path, whichever slashes it has. */
function baseName(path: string): string {
  return path.split(/[/\\]/).findLast((part) => part !== '') ?? ''
}

/**
 * Files, put together: names, manifests, keepers, copies by ring duty, downloads and uploads. Routes messages and ring
 * and link events to the parts, and offers what the user can do with files.
 */

import { assertNever } from '../../wire/errors.js'
import type { SwarmMessage } from '../../wire/messages.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type {
  ChunkMapView,
  Done,
  FileView,
  HoldersView,
  ManifestView,
  OnProgress,
  RequestedView,
  RequestOptions,
  Result,
  ShareOptions,
  StoredView,
  StoreOptions,
  TransferView,
} from '../api.js'
import { done, refused } from '../api.js'
import type { Cancel, Env, Link, LinkHandler } from '../env.js'
import type { Mesh, PeerInfo, Protocol } from '../mesh.js'
import { Budget } from './budget.js'
import { Catalogue } from './catalogue.js'
import { DataLinks } from './data-links.js'
import { Keeping, type KeepingHooks } from './duty.js'
import { Fetches } from './fetches.js'
import { handOver } from './hand-over.js'
import { isComplete } from './holders.js'
import type { Keep } from './keep.js'
import { Keeper } from './keeper.js'
import { Lookup } from './lookup.js'
import { makeParts } from './make-parts.js'
import { formatLink } from './manifest.js'
import type { Parts } from './parts.js'
import { Publishing } from './publish.js'
import type { Register } from './register.js'
import { Requests } from './request.js'
import type { Duty } from './roster.js'
import { Safety } from './safety.js'
import { SpreadDuty } from './spread-duty.js'
import { DEFAULT_QUOTA_BYTES, type SwarmOptions } from './swarm-options.js'
import { servable, Uploads } from './upload.js'

export class Swarm implements Protocol {
  readonly #parts: Parts
  readonly #quotaBytes: number
  readonly #changed: () => void
  readonly #fetches: Fetches
  readonly #keeping: Keep
  readonly #keeper: Keeper
  readonly #lookup: Lookup
  readonly #spread: SpreadDuty
  readonly #publishing: Publishing
  readonly #catalogue: Catalogue
  readonly #uploads: Uploads
  readonly #requests: Requests

  constructor(env: Env, mesh: Mesh, duty: Duty, options: SwarmOptions) {
    const parts = makeParts(env, mesh, duty, options, (id) => this.#keeper.claimOf(id))
    this.#parts = parts
    this.#changed = options.changed
    this.#fetches = new Fetches(parts, new Budget(), new DataLinks(env, mesh))
    const { keep, quotaBytes = DEFAULT_QUOTA_BYTES } = options
    this.#quotaBytes = quotaBytes
    const hooks: KeepingHooks = {
      full: (id) => this.#publishing.changed(id),
      isSpreadSafe: (register) => safety.isSafe(register),
    }
    this.#keeping = keep?.(parts, this.#fetches) ?? new Keeping({ parts, fetches: this.#fetches, quotaBytes, hooks })
    this.#keeper = new Keeper(parts, this.#fetches, this.#keeping)
    this.#lookup = new Lookup(parts)
    const safety = new Safety(parts, this.#keeper)
    this.#spread = new SpreadDuty({ parts, fetches: this.#fetches, lookup: this.#lookup, safety, quotaBytes })
    this.#publishing = new Publishing({
      parts,
      lookup: this.#lookup,
      keeping: this.#keeping,
      keeper: this.#keeper,
      fetches: this.#fetches,
      spread: this.#spread,
      withdrawn: () => this.#uploads.review(),
    })
    this.#catalogue = new Catalogue(parts, this.#keeper, this.#lookup, options.changed)
    this.#requests = new Requests(parts, this.#lookup, this.#fetches, options.changed)
    this.#uploads = new Uploads(parts, {
      find: (blob) => servable(parts, this.#fetches, blob),
      served: (blob) => options.served?.(blob),
      asked: (name, by) => parts.said.say('info', `Request for file ${name} received from ${parts.nameOf(by)}`),
    })
    this.#wire(options)
    // after this constructor: whoever is told of holdings has then been built too
    env.after(0, () => {
      parts.holdings.start()
      parts.loose.start()
    })
  }

  // ---- Protocol

  receive(from: PeerId, message: SwarmMessage): void {
    const { post, gossip } = this.#parts
    switch (message.type) {
      case 'nameNews':
      case 'nameListGet':
        gossip.receive(from, message)
        return
      case 'nameFind':
        this.#keeper.nameFind(from, message.request, message.name)
        return
      case 'manifestGet':
        this.#keeper.manifestGet(from, message.request, message.manifest)
        return
      case 'holdersGet':
        this.#keeper.holdersGet(from, message.request, message.manifest)
        return
      case 'countsGet':
        this.#keeper.countsGet(from, message.request, message.manifests)
        return
      case 'nameList':
      case 'nameFound':
      case 'manifestIs':
      case 'holdersAre':
      case 'countsAre':
        post.answered(from, message)
        return
      case 'manifestPut':
        this.#keeper.manifestPut(from, message)
        return
      case 'manifestStored':
        this.#publishing.stored(from, message.register)
        return
      case 'manifestWant':
        this.#keeper.manifestWant(from, message.manifests)
        return
      case 'keepAsk':
        if (message.leaving) this.#spread.leaving(from, message.manifests)
        else this.#keeper.keepAsk(from, message.manifests)
        return
      case 'keepRefused':
        this.#keeping.refused(message.manifest, from, message.reason)
        if (message.reason === 'full') this.#spread.reviewSoon()
        return
      case 'chunksHave':
        this.#keeper.chunksHave(from, message.claims)
        return
      case 'claimsDigest':
        this.#keeper.claimsDigest(from, message.digests)
        return
      case 'claimsWant':
        this.#parts.announcer.wanted(from, message.buckets)
        return
      case 'chunkWrong':
        this.#keeper.chunkWrong(message.manifest)
        return
      case 'chunkGet':
      case 'chunkRefused':
        this.#parts.mesh.blame(from, 'protocol', `${message.type} on a control link`)
        return
      default:
        assertNever(message)
        return
    }
  }

  linkUp(peer: PeerId): void {
    this.#parts.gossip.linkUp(peer)
    this.#reviewSoon()
  }

  linkDown(peer: PeerId): void {
    this.#parts.post.linkDown(peer)
    this.#parts.gossip.linkDown(peer)
    this.#parts.announcer.linkDown(peer)
    this.#keeper.linkDown(peer)
    this.#keeping.forgetful(peer)
  }

  linkDrained(peer: PeerId): void {
    this.#keeper.linkDrained(peer)
  }

  filesUp(anchor: PeerId): void {
    this.#keeping.forgetful(anchor)
    this.#keeping.reviewSoon()
  }

  memberJoined(_peer: PeerInfo): void {
    this.#reviewSoon()
  }

  memberLeft(peer: PeerId, _how: 'left' | 'lost'): void {
    this.#parts.holders.forgetPeer(peer)
    this.#fetches.memberLeft(peer)
    this.#spread.memberLeft(peer)
    this.#reviewSoon()
    this.#changed()
  }

  /** The ring has other owners for some keys. */
  ownersChanged(): void {
    this.#reviewSoon()
  }

  /** For a data link that another peer opened to this one. */
  dataLink(_link: Link): LinkHandler {
    return this.#uploads.dataLink()
  }

  /** Before leaving: waits, at most 8 s, until what this peer keeps has its copies elsewhere. */
  handOver(done: () => void): void {
    handOver(this.#parts, this.#keeping, this.#spread, done)
  }

  // ---- what users do

  store(path: string, options: StoreOptions, progress: OnProgress, done: Done<StoredView>): Cancel {
    return this.#publishing.publish(path, options.spread ? 'spread' : 'copies', options, progress, done)
  }

  share(path: string, options: ShareOptions, progress: OnProgress, done: Done<StoredView>): Cancel {
    return this.#publishing.publish(path, 'served', options, progress, done)
  }

  remove(name: string, done: Done<StoredView>): void {
    this.#publishing.remove(name, done)
  }

  /** Fetches a name, `name@publisher` or link to a file. */
  request(what: string, options: RequestOptions, progress: OnProgress, answer: Done<RequestedView>): Cancel {
    return this.#requests.request(what, options, progress, answer)
  }

  files(pattern: string, done: Done<readonly FileView[]>): void {
    this.#catalogue.files(pattern, done)
  }

  /** What is known of all files right now. */
  known(): readonly FileView[] {
    return this.#catalogue.known()
  }

  holders(what: string, answer: Done<HoldersView>): void {
    this.#catalogue.holders(what, answer)
  }

  manifest(what: string, done: Done<ManifestView>): void {
    this.#catalogue.manifest(what, done)
  }

  /** A link to a file by its content, e.g. to share with others of the network. */
  link(name: string): Result<string> {
    const id = this.#parts.names.meant(name)?.manifest
    return id ? done(formatLink(id, name)) : refused(`File does not exist: "${name}" (files lists what there is)`)
  }

  transfers(): readonly TransferView[] {
    return this.#parts.transfers.views()
  }

  chunkMaps(): readonly ChunkMapView[] {
    return this.#fetches.chunkMaps()
  }

  control(transfer: number, action: 'pause' | 'resume' | 'cancel'): Result<TransferView> {
    return this.#parts.transfers.control(transfer, action)
  }

  /** How many names mean something now. */
  get liveCount(): number {
    return [...this.#parts.names.all()].filter(({ manifest }) => manifest !== null).length
  }

  /** Signatures that are being checked, and copies that are being made. */
  get queued(): number {
    return this.#parts.vetting.waiting + this.#fetches.keepingCount
  }

  /** All registers, signed: for whoever knows none. */
  registers(): Iterable<Register> {
    return this.#parts.names.all()
  }

  /** How many names this peer holds by ring duty. */
  get keptCount(): number {
    let count = this.#parts.loose.size
    for (const { blob } of this.#parts.holdings.all()) if (blob) count++
    return count
  }

  /** Transfers that are not paused and not over. */
  get movingCount(): number {
    return this.transfers().filter(({ state }) => state === 'running' || state === 'stalled').length
  }

  /** Of how many files that peer says that it holds all. */
  copiesAt(peer: PeerId): number {
    return this.#parts.holders.completeAt(peer)
  }

  /** What own copies take, and what they may take. */
  get room(): { readonly keptBytes: number; readonly quotaBytes: number } {
    return { keptBytes: this.#parts.holdings.blobBytes, quotaBytes: this.#quotaBytes }
  }

  /** Connects the parts that tell each other things. */
  #wire({ learned }: SwarmOptions): void {
    const { env, holdings, loose, names, gossip } = this.#parts
    env.chunks.onLost = (blob, reason) => {
      const writing = this.#fetches.of(blob)
      if (writing !== undefined) {
        writing.broken(reason)
        return
      }
      env.log('warn', `"${holdings.get(blob)?.name ?? blob}" is not served any more: ${reason}`)
      holdings.lost(blob)
      this.#uploads.review()
    }
    loose.onChanged = (id) => {
      this.#holdingChanged(id)
      if (!loose.has(id)) this.#forgetManifest(id)
    }
    this.#spread.onHeard = (id) => this.#publishing.changed(id)
    this.#parts.transfers.onChange = () => this.#changed()
    holdings.onRoom = () => this.#roomCame()
    loose.onRoom = () => this.#roomCame()
    holdings.onFree = () => this.#fetches.startNext()
    holdings.onHeld = (id) => this.#holdingChanged(id)
    holdings.onGone = (id) => {
      this.#holdingChanged(id)
      this.#forgetManifest(id)
      this.#uploads.review()
    }
    gossip.onLearned = (registers) => {
      learned?.(registers)
      for (const { manifest, name } of registers) if (manifest === null) this.#stopReplaced(name)
      this.#uploads.review()
      this.#spread.reviewSoon()
      this.#keeping.reviewSoon(registers.some(({ manifest }) => manifest === null) ? 0 : undefined)
      this.#changed()
    }
    this.#fetches.onProgress = (id) => this.#announce(id, false)
    this.#keeper.onClaim = (id, holder) => {
      this.#spread.offered(id, holder)
      this.#publishing.changed(id)
      if (isComplete(holder.state) || names.byManifest(id) === undefined) this.#changed()
    }
  }

  #roomCame(): void {
    this.#keeping.roomCame()
    this.#spread.reviewSoon()
  }

  #reviewSoon(): void {
    this.#keeping.reviewSoon()
    this.#spread.reviewSoon()
  }

  #holdingChanged(id: Hash): void {
    this.#announce(id, true)
    this.#publishing.changed(id)
    this.#keeping.reviewSoon()
    this.#spread.look(id)
    this.#changed()
  }

  #announce(id: Hash, urgent: boolean): void {
    this.#parts.announcer.changed(id, urgent)
    const about = this.#parts.names.byManifest(id) ?? this.#parts.manifests.get(id)
    if (about === undefined) return
    for (const peer of this.#keeping.audience(about)) this.#parts.announcer.mark(peer, id, urgent)
  }

  /** Copies under way of what a name no longer means. */
  #stopReplaced(name: string): void {
    const { names, manifests, holdings, said } = this.#parts
    for (const { manifest: id, blob } of [...holdings.all()]) {
      if (names.byManifest(id) !== undefined || manifests.get(id)?.name !== name) continue
      this.#fetches.stopKeeping(id)
      if (blob) said.say('info', `File ${name} was removed by its publisher: the copy here is dropped`)
    }
  }

  /** A manifest that is neither held, published nor kept here is asked for again when needed. */
  #forgetManifest(id: Hash): void {
    const { names, roster, env, manifests, loose, holdings } = this.#parts
    const register = names.byManifest(id)
    const self = env.identity.id
    if (register !== undefined && (register.publisher === self || roster.keepers(register.name).includes(self))) return
    const needed = this.#fetches.of(id) !== undefined || this.#spread.isCopying(id) || loose.has(id)
    if (!needed && holdings.get(id) === undefined) manifests.forget(id)
  }
}

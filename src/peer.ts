/**
 * Composition root: one Peer is all protocols over one Env. It routes messages to the protocol that declared them,
 * tells every protocol who comes and goes, and answers for all of them to the console, the shell and the library.
 */

import { folderMessages } from '../wire/messages/folder.js'
import { ledgerMessages } from '../wire/messages/ledger.js'
import { ringMessages } from '../wire/messages/ring.js'
import { swarmMessages } from '../wire/messages/swarm.js'
import type { Message } from '../wire/messages.js'
import type { Address, PeerId } from '../wire/types.js'
import type * as api from './api.js'
import { dispatchData } from './data-dispatch.js'
import type { Cancel, Env } from './env.js'
import { Folder, type FolderOptions } from './folder/folder.js'
import { NO_FOLDER } from './folder/no-folder.js'
import { Ledger, type LedgerOptions } from './ledger/ledger.js'
import { Membership, type MembershipOptions } from './membership/membership.js'
import { Ring } from './ring/ring.js'
import type { Duty } from './swarm/roster.js'
import { Swarm } from './swarm/swarm.js'

/** A graceful departure never takes longer. */
const QUIT_MS = 10_000
/** Digits of an id that stand for a name. */
const SHORT_ID = 8
/** Blocks in a snapshot, newest first. */
const SNAPSHOT_BLOCKS = 32
/** Polls in a snapshot. */
const SNAPSHOT_POLLS = 8

export interface PeerOptions {
  readonly membership: MembershipOptions
  readonly ledger: Omit<LedgerOptions, 'changed' | 'clockOffsetMs'>
  /** Copies of a stored file. */
  readonly replicas: number
  /** Bytes of copies of stored files; 10 GiB where absent. */
  readonly quotaBytes?: number
  /** Null or absent: takes no part in the shared folder. */
  readonly folder?: Pick<FolderOptions, 'disk' | 'mode'> | null
}

export class Peer implements api.PeerApi {
  readonly #env: Env
  readonly #membership: Membership
  readonly #ledger: Ledger
  readonly #ring: Ring
  readonly #swarm: Swarm
  readonly #folder: Folder | null
  readonly #folderApi: api.FolderApi
  #leaving = false

  onChange: () => void = () => {}

  constructor(env: Env, options: PeerOptions) {
    this.#env = env
    const changed = (): void => this.onChange()
    this.#membership = new Membership(env, options.membership, {
      protocols: () => [this.#ring, this.#ledger, files, ...(this.#folder === null ? [] : [this.#folder])],
      receive: (from, message) => this.#route(from, message),
      dataLink: () => {
        const folder = this.#folder
        return dispatchData({
          files: (link) => this.#swarm.dataLink(link),
          folder: folder === null ? null : (link) => folder.dataLink(link),
        })
      },
      claim: () => this.#ledger.claim(),
      changed,
    })
    const mesh = this.#membership
    const files = mesh.swarmMesh(() => this.#swarm)
    this.#ledger = new Ledger(env, mesh, { ...options.ledger, changed, clockOffsetMs: () => mesh.clockOffsetMs() })
    this.#ring = new Ring(env, mesh, {
      changed,
      keys: () => this.#swarm.keptCount,
      inRing: () => mesh.role() !== 'dial-out',
      replicas: options.replicas,
      ...(options.membership.pingIntervalMs === undefined ? {} : { intervalMs: options.membership.pingIntervalMs }),
    })
    const duty: Duty = { owners: (key, count) => this.#ring.owners(key, count), anchors: () => files.anchors() }
    this.#swarm = new Swarm(env, files, duty, {
      chain: this.#ledger.claim().chain,
      replicas: options.replicas,
      ...(options.quotaBytes === undefined ? {} : { quotaBytes: options.quotaBytes }),
      address: () => mesh.address(),
      chunkAnswered: (peer, outcome) => mesh.chunkAnswered(peer, outcome),
      changed,
    })
    const nameOf = (peer: PeerId): string => this.#nameOf(peer)
    this.#folder = options.folder ? new Folder(env, mesh, { ...options.folder, nameOf, changed }) : null
    this.#folderApi = this.#folder ?? NO_FOLDER
    this.#ring.onOwnersChanged = () => this.#swarm.ownersChanged()
    this.#ring.onDead = (peer) => mesh.foundDead(peer)
    this.#ring.onRaised = (peer) => mesh.foundAlive(peer)
  }

  /** Loads nothing (constructors did): opens listeners, finds the others, starts the ring. */
  start(done: api.Done<Address>): void {
    this.#ring.start()
    this.#folder?.start()
    this.#membership.start(done)
  }

  #route(from: PeerId, message: Message): void {
    if (message.type in ledgerMessages) this.#ledger.receive(from, message as Parameters<Ledger['receive']>[1])
    else if (message.type in ringMessages) this.#ring.receive(from, message as Parameters<Ring['receive']>[1])
    else if (message.type in swarmMessages) this.#swarm.receive(from, message as Parameters<Swarm['receive']>[1])
    else if (message.type in folderMessages) this.#folder?.receive(from, message as Parameters<Folder['receive']>[1])
    else this.#membership.blame(from, 'protocol', `${message.type} has no place on this link`)
  }

  /** As people call it; the start of its id where it is not known any more. */
  #nameOf(peer: PeerId): string {
    const { id, name } = this.#env.identity
    return peer === id ? name : (this.#membership.member(peer)?.name ?? peer.slice(0, SHORT_ID))
  }

  // ---- views

  status(): api.StatusView {
    const claim = this.#ledger.claim()
    return {
      id: this.#env.identity.id,
      name: this.#env.identity.name,
      address: this.#membership.address(),
      network: this.#env.network.name,
      role: this.#membership.role(),
      peers: this.#membership.peers().filter((peer) => peer.state === 'up').length,
      height: claim.height,
      tip: claim.tip,
      files: this.#swarm.known().length,
      transfers: this.#swarm.movingCount,
      ...this.#swarm.room,
      hashRate: this.#env.workers.hashRate(),
      clockOffsetMs: this.#membership.clockOffsetMs(),
    }
  }

  snapshot(): api.Snapshot {
    return {
      status: this.status(),
      peers: this.peers(),
      ring: this.ring(),
      chain: this.chain(SNAPSHOT_BLOCKS),
      mining: this.mining(),
      tallies: this.polls()
        .slice(0, SNAPSHOT_POLLS)
        .map((poll) => this.tally(poll)),
      files: this.#swarm.known(),
      transfers: this.transfers(),
      chunkMaps: this.#swarm.chunkMaps(),
      lookup: this.#ring.lookupProgress(),
      folder: this.folder(),
      rates: this.#membership.rates(),
    }
  }

  peers(): readonly api.PeerView[] {
    return this.#membership
      .peers()
      .map((view) => (view.tasks.length === 0 ? view : { ...view, copies: this.#swarm.copiesAt(view.id) }))
  }

  addresses(): readonly Address[] {
    return this.#membership.addresses()
  }

  ring(): api.RingView {
    return this.#ring.view()
  }

  /** The last blocks, or those up to a height, newest first. */
  chain(last: number, top?: number): api.ChainView {
    return this.#ledger.chain(last, top)
  }

  mining(): api.MiningView {
    return this.#ledger.mining()
  }

  tally(poll: string): api.TallyView {
    return this.#ledger.tally(poll)
  }

  polls(): readonly string[] {
    return this.#ledger.polls()
  }

  receipt(ballot: string): api.Result<api.ReceiptView> {
    return this.#ledger.receipt(ballot)
  }

  transfers(): readonly api.TransferView[] {
    return this.#swarm.transfers()
  }

  folder(): api.FolderView {
    return this.#folderApi.folder()
  }

  // ---- deeds

  join(address: Address, done: api.Done<api.PeerView>): void {
    this.#membership.join(address, done)
  }

  leave(peer: string, done: api.Done<api.PeerView>): void {
    this.#membership.leave(peer, done)
  }

  /** Opens one more listener, as `--listen` would have. */
  listen(address: string, done: api.Done<Address>): void {
    this.#membership.listen(address, done)
  }

  vote(
    voter: string,
    choice: string,
    options: api.VoteOptions,
    progress: api.OnProgress,
    done: api.Done<api.VoteView>,
  ): Cancel {
    return this.#ledger.vote(voter, choice, options, progress, done)
  }

  note(text: string, options: api.WaitOptions, progress: api.OnProgress, done: api.Done<api.VoteView>): Cancel {
    return this.#ledger.note(text, options, progress, done)
  }

  createPoll(
    poll: api.PollDraft,
    options: api.WaitOptions,
    progress: api.OnProgress,
    done: api.Done<api.VoteView>,
  ): Cancel {
    return this.#ledger.createPoll(poll, options, progress, done)
  }

  setMining(mode: api.MineMode): void {
    this.#ledger.setMining(mode)
  }

  lookup(name: string, done: api.Done<api.LookupView>): void {
    this.#ring.lookup(name, done)
  }

  store(path: string, options: api.StoreOptions, progress: api.OnProgress, done: api.Done<api.StoredView>): Cancel {
    return this.#swarm.store(path, options, progress, done)
  }

  share(path: string, options: api.ShareOptions, progress: api.OnProgress, done: api.Done<api.StoredView>): Cancel {
    return this.#swarm.share(path, options, progress, done)
  }

  request(
    what: string,
    options: api.RequestOptions,
    progress: api.OnProgress,
    done: api.Done<api.RequestedView>,
  ): Cancel {
    return this.#swarm.request(what, options, progress, done)
  }

  remove(name: string, done: api.Done<api.StoredView>): void {
    this.#swarm.remove(name, done)
  }

  files(pattern: string, done: api.Done<readonly api.FileView[]>): void {
    this.#swarm.files(pattern, done)
  }

  holders(what: string, done: api.Done<api.HoldersView>): void {
    this.#swarm.holders(what, done)
  }

  manifest(what: string, done: api.Done<api.ManifestView>): void {
    this.#swarm.manifest(what, done)
  }

  control(transfer: number, action: 'pause' | 'resume' | 'cancel'): api.Result<api.TransferView> {
    return this.#swarm.control(transfer, action)
  }

  folderPause(): api.Result<api.FolderView> {
    return this.#folderApi.folderPause()
  }

  folderResume(answer: api.ResumeAnswer, done: api.Done<api.FolderView>): void {
    this.#folderApi.folderResume(answer, done)
  }

  folderKeep(copy: string, choice: api.KeepChoice, done: api.Done<api.FolderView>): void {
    this.#folderApi.folderKeep(copy, choice, done)
  }

  folderTrash(done: api.Done<readonly api.TrashView[]>): void {
    this.#folderApi.folderTrash(done)
  }

  folderRestore(what: string, done: api.Done<api.TrashView>): void {
    this.#folderApi.folderRestore(what, done)
  }

  /** Files first (they need the ring and the links), then the folder and the ring, then goodbye to all. */
  quit(done: () => void): void {
    if (this.#leaving) return
    this.#leaving = true
    let over = false
    const finish = (): void => {
      if (over) return
      over = true
      cancel()
      done()
    }
    const cancel = this.#env.after(QUIT_MS, finish)
    let open = 2
    const closed = (): void => {
      open--
      if (open === 0) finish()
    }
    this.#swarm.handOver(() => {
      if (this.#folder === null) closed()
      else this.#folder.close(closed)
      this.#ring.leave(() => this.#membership.quit(closed))
    })
  }
}

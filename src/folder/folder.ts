/**
 * The shared folder, put together: the index knows and decides, links tell others, the work makes this disk what it should
 * be, the guard stands between a slip and everybody. Routes what peers, the disk and users say to the parts.
 */
import { assertNever } from '../../wire/errors.js'
import type { FolderMessage } from '../../wire/messages.js'
import type { PeerId } from '../../wire/types.js'
import { type Done, done as ok, type Result, refused } from '../api.js'
import type { Cancel, Env, Link, LinkHandler } from '../env.js'
import type { FolderDisk, FolderPath, Problem } from '../folder-disk.js'
import type { FolderApi, FolderMode, FolderView, KeepChoice, ResumeAnswer, TrashView } from '../folder-views.js'
import type { Mesh, PeerInfo, Protocol } from '../mesh.js'
import { ChangeLog } from './change-log.js'
import { Changes } from './changes.js'
import { isConflictPath } from './conflict-path.js'
import type { Index } from './contract.js'
import type { Entry } from './entry.js'
import { Guard } from './guard.js'
import { FolderIndex } from './index.js'
import { Links } from './links.js'
import { Opening } from './opening.js'
import { Requests } from './requests.js'
import { serveLink } from './serve.js'
import { deletedHere, folderView } from './view.js'
import { Work } from './work.js'

const TEND_MS = 60_000
const ANSWERS = '`folder resume --delete` deletes them everywhere, `folder resume --restore` brings them back'

export interface FolderOptions {
  readonly disk: FolderDisk
  readonly mode: FolderMode
  /** For people. */
  nameOf(peer: PeerId): string
  /** Something that `folder` shows is another one. */
  changed(): void
}

export class Folder implements Protocol, FolderApi {
  readonly #env: Env
  readonly #mesh: Mesh
  readonly #options: FolderOptions
  readonly #index: Index
  readonly #links: Links
  readonly #work: Work
  readonly #guard: Guard
  readonly #opening: Opening
  readonly #requests: Requests
  readonly #changes = new Changes()
  readonly #log: ChangeLog
  #problems: readonly Problem[] = [] // at most MAX_PROBLEMS of the disk
  #tending: Cancel = () => {}

  /** Loads what the store knows; the disk is looked at from `start` on. */
  constructor(env: Env, mesh: Mesh, options: FolderOptions) {
    const { disk, mode } = options
    const index = (): Index => this.#index
    const changed = (): void => options.changed()
    this.#env = env
    this.#mesh = mesh
    this.#options = options
    this.#log = new ChangeLog(env, (peer) => options.nameOf(peer))
    this.#links = new Links(env, mesh, index, {
      held: (path, peer) => this.#work.held(path, peer),
      joined: () => this.#work.joined(),
    })
    this.#work = new Work({
      env,
      mesh,
      disk,
      index,
      links: this.#links,
      nameOf: (peer) => options.nameOf(peer),
      changed,
    })
    this.#guard = new Guard(env, index, { changed: () => this.#asked() })
    this.#opening = new Opening(env, disk, index, {
      seen: (changes) => (mode === 'receive-only' ? this.#index.local(changes) : this.#guard.seen(changes)),
      problems: (problems) => {
        this.#problems = problems
        changed()
      },
      rulesChanged: () => this.#work.rulesChanged(),
      ready: () => this.#ready(),
      gone: () => this.#gone(),
      changed,
    })
    this.#requests = new Requests({
      disk,
      index,
      changes: this.#changes,
      isOpen: () => this.#opening.isOpen,
      view: () => this.folder(),
      later: (fn) => void env.after(0, fn),
    })
    this.#index = new FolderIndex(
      env,
      { mode },
      {
        changed: (path, was, from) => this.#changed(path, was, from),
        needChanged: (path) => this.#needChanged(path),
        warn: (text) => env.log('warn', text),
      },
    )
    this.#index.load()
  }

  /** Opens the disk and greets those that are linked already. */
  start(): void {
    this.#opening.open(false, (error) => {
      const isLeaving = this.#opening.state === 'closed'
      if (error !== null && !isLeaving) this.#env.log('warn', `the shared folder is paused: ${error}`)
    })
    for (const peer of this.#mesh.linked()) this.#links.up(peer)
    this.#tend()
  }

  /** Nothing is written or told any more. */
  close(done: () => void): void {
    this.#tending()
    this.#links.close()
    this.#opening.close(done)
    this.#index.flush()
  }

  // ---- Protocol

  receive(from: PeerId, message: FolderMessage): void {
    switch (message.type) {
      case 'folderDigest':
        this.#links.digest(from, message.buckets)
        return
      case 'folderNews':
        this.#links.news(from, message.entries)
        return
      case 'folderContentGet':
      case 'folderContent':
      case 'folderBlocksGet':
      case 'folderBlocksRefused':
        this.#mesh.blame(from, 'protocol', `${message.type} on a control link`)
        return
      default:
        assertNever(message)
    }
  }

  linkUp(peer: PeerId): void {
    this.#links.up(peer)
  }

  linkDown(peer: PeerId): void {
    this.#links.down(peer)
  }

  linkDrained(peer: PeerId): void {
    this.#links.drained(peer)
  }

  memberJoined(_peer: PeerInfo): void {
    // links count, members do not
  }

  memberLeft(_peer: PeerId, _how: 'left' | 'lost'): void {
    // links count, members do not
  }

  /** For a data link on which the folder's messages come, whoever dialed it. */
  dataLink(_link: Link): LinkHandler {
    return serveLink({
      env: this.#env,
      mesh: this.#mesh,
      disk: this.#options.disk,
      index: () => this.#index,
      isOpen: () => this.#opening.isOpen,
      list: (link, request, blocks) => this.#work.fetches.list(link, request, blocks),
      closed: (link) => this.#work.fetches.linkClosed(link),
    })
  }

  // ---- FolderApi

  folder(): FolderView {
    return folderView({
      disk: this.#options.disk,
      mode: this.#options.mode,
      index: this.#index,
      opening: this.#opening,
      guard: this.#guard,
      work: this.#work,
      changes: this.#changes,
      problems: this.#problems,
      nameOf: (peer) => this.#options.nameOf(peer),
    })
  }

  /** Nothing is read from the disk, written to it or told of it until `folderResume`; what others tell is passed on. */
  folderPause(): Result<FolderView> {
    this.#opening.shut()
    return ok(this.folder())
  }

  folderResume(answer: ResumeAnswer, done: Done<FolderView>): void {
    const asked = this.#guard.asked
    if (asked > 0 || answer !== null) {
      const result = this.#answered(asked, answer)
      this.#env.after(0, () => done(result))
      return
    }
    // asked for twice, the user means it also without the marker
    this.#opening.open(this.#opening.state !== 'shut', (error) => {
      done(error === null ? ok(this.folder()) : refused(`the folder stays paused: ${error}`))
    })
  }

  folderKeep(copy: string, choice: KeepChoice, done: Done<FolderView>): void {
    this.#requests.keep(copy, choice, done)
  }

  folderTrash(done: Done<readonly TrashView[]>): void {
    this.#requests.trash(done)
  }

  folderRestore(what: string, done: Done<TrashView>): void {
    this.#requests.restore(what, done)
  }

  // ---- inside

  #answered(asked: number, answer: ResumeAnswer): Result<FolderView> {
    if (asked === 0) return refused('no deletion waits for an answer: `folder resume` alone goes on')
    if (answer === null) return refused(`${deletedHere(asked)}: ${ANSWERS}`)
    if (answer === 'delete') this.#guard.confirm()
    else this.#restored(this.#guard.restore())
    return ok(this.folder())
  }

  #restored(paths: readonly FolderPath[]): void {
    const time = this.#env.wallTime()
    for (const path of paths) this.#changes.restored(path, this.#env.identity.id, time)
  }

  #changed(path: FolderPath, was: Entry | null, from: PeerId | null): void {
    const best = this.#index.get(path)?.best
    if (was?.content !== best?.content) this.#work.superseded(path)
    this.#links.changed(path, from)
    if (best !== undefined) {
      const what = this.#changes.note(was, best, isConflictPath(path), this.#env.wallTime())
      if (what !== null) this.#log.say(what, best)
    }
    this.#options.changed()
  }

  #needChanged(path: FolderPath): void {
    if (this.#index.isHeld(path)) this.#links.arrived(path)
    this.#work.look(path)
  }

  /** A mass delete waits for an answer, or does not any more. */
  #asked(): void {
    const { asked } = this.#guard
    if (asked > 0) {
      this.#env.log('warn', `the shared folder is paused: ${deletedHere(asked)}: ${ANSWERS}`)
      this.#work.stop()
    } else if (this.#opening.state === 'open') this.#work.start()
    this.#options.changed()
  }

  #ready(): void {
    if (this.#guard.asked === 0) this.#work.start()
  }

  #gone(): void {
    this.#work.stop()
    this.#guard.stop()
    if (this.#opening.state === 'lost') this.#env.log('warn', `the shared folder is paused: ${this.#opening.reason}`)
  }

  #tend(): void {
    this.#tending = this.#env.after(TEND_MS, () => {
      this.#index.tend()
      this.#tend()
    })
  }
}

/**
 * All that is written while the folder is open: assemblies, changes, the trash; and what is read for others.
 * Changes go one after the other, in batches; blocks and pieces need not wait for them, nor for copies of large files.
 */
import { blake3 } from '@napi-rs/blake-hash'
import { assertNever } from '../../../wire/errors.js'
import { toHex } from '../../../wire/hash.js'
import { type FolderPath, MAX_ASSEMBLIES } from '../../folder-disk.js'
import { AssemblyFile, WholeFile } from './assembly.js'
import { type Change, DirectoryChange, FileChange, ModeChange, RemoveChange } from './changes.js'
import { type Commit, Committer, type Outcome } from './committer.js'
import { type Refusal, skipped } from './disk-faults.js'
import type { Gate } from './gate.js'
import { Lane, Pace } from './pace.js'
import { Place } from './place.js'
import type { Root } from './root.js'
import { Sources } from './sources.js'
import type { States } from './states.js'
import { Temporary } from './temporary.js'
import { Trash } from './trash.js'
import { DiscardChange, fileAt, MoveChange } from './user-moves.js'
import type { Answers, RequestOf, WriteRequest } from './write-messages.js'

/** Changes of one batch; two batches at most have their files open. */
const BATCH = 128

export interface WritingOptions {
  readonly states: States
  readonly gate: Gate
  /** Why nothing can be written now; null where it can. */
  readonly fault: () => string | null
  /** Why nothing is written there whatever stands there; null where it may be. */
  readonly skips: (path: FolderPath, isDirectory: boolean) => string | null
  /** Something is different there that the index does not know of. */
  readonly look: (path: FolderPath) => void
  readonly warn: (text: string) => void
  readonly answer: (serial: number, answer: Answers[keyof Answers]) => void
}

type ChangeRequest = RequestOf<'put' | 'finish' | 'makeDirectory' | 'remove' | 'setExecutable'>
type Answer<K extends keyof Answers> = (answer: Answers[K]) => void

export class Writing {
  readonly #options: WritingOptions
  readonly #place: Place
  readonly #temporary: Temporary
  readonly #trash: Trash
  readonly #committer: Committer
  readonly #assemblies = new Map<number, AssemblyFile>() // at most MAX_ASSEMBLIES
  readonly #pace = new Pace()
  readonly #changes = new Lane()
  readonly #copies = new Lane()
  readonly #blocks = new Lane()
  /** For the next batches: bounded by what the main thread asks for without an answer. */
  #commits: Commit[] = []
  /** The batch that was begun last; settles when it is answered. */
  #ending: Promise<void> = Promise.resolve()

  /** Finishes what a process that was killed had begun, before anybody looks. */
  constructor(root: Root, options: WritingOptions) {
    this.#options = options
    this.#place = new Place(root)
    this.#temporary = new Temporary(root.temporary)
    this.#trash = new Trash(root.trash, this.#temporary, options.warn)
    const { states, gate, look, fault } = options
    const [place, trash, pace] = [this.#place, this.#trash, this.#pace]
    this.#committer = new Committer({ place, trash, pace, states, gate, look, fault })
    for (const { path, file } of this.#trash.unfinished()) this.#place.repair(path, file)
    this.#temporary.empty()
    this.#changes.add(() => this.#trash.load(this.#pace))
  }

  /** Drops the assemblies; settles when all that was asked before is done. */
  async close(): Promise<void> {
    for (const assembly of this.#assemblies.values()) assembly.drop()
    this.#assemblies.clear()
    await Promise.all([this.#changes.idle(), this.#copies.idle(), this.#blocks.idle()])
    await this.#ending
  }

  carryOut(request: WriteRequest): void {
    switch (request.kind) {
      case 'put':
      case 'finish':
      case 'makeDirectory':
      case 'remove':
      case 'setExecutable':
        this.#change(request, this.#answer(request))
        break
      case 'assemble':
        // what is asked of one too many is declined
        if (this.#assemblies.size >= MAX_ASSEMBLIES) break
        this.#assemblies.set(request.assembly, new AssemblyFile(request.plan, request.blocks, this.#temporary))
        break
      case 'drop':
        this.#assemblies.get(request.assembly)?.drop()
        this.#assemblies.delete(request.assembly)
        break
      case 'copy':
        this.#copies.add(async () => this.#answer(request)(await this.#copy(request)))
        break
      case 'frame':
        this.#blocks.add(async () => this.#answer(request)(await this.#takeFrame(request)))
        break
      case 'read':
        this.#blocks.add(async () => this.#answer(request)(await this.#read(request)))
        break
      case 'trash':
        this.#afterChanges(async () => this.#answer(request)(this.#trash.list()))
        break
      case 'restore':
        this.#afterChanges(() => this.#restore(request.id, this.#answer(request)))
        break
      case 'rename':
      case 'discard':
        this.#move(request, this.#answer(request))
        break
      default:
        assertNever(request)
    }
  }

  #answer<K extends keyof Answers>({ serial }: { readonly kind: K; readonly serial: number }): Answer<K> {
    return (answer) => this.#options.answer(serial, answer)
  }

  #change(request: ChangeRequest, done: Answer<ChangeRequest['kind']>): void {
    const change = this.#changeOf(request)
    if (change === null) {
      done({ outcome: 'failed', reason: 'its assembly is over' })
      return
    }
    const isDirectory =
      change instanceof DirectoryChange || (request.kind === 'remove' && request.expected.kind === 'directory')
    const reason = this.#options.skips(change.path, isDirectory)
    if (reason === null) {
      this.#commit({ change, seen: [], done })
      return
    }
    change.abandon()
    done(skipped(reason))
  }

  #changeOf(request: ChangeRequest): Change | null {
    switch (request.kind) {
      case 'put':
        return new FileChange(request.plan, new WholeFile(this.#temporary, request.bytes))
      case 'finish': {
        const assembly = this.#assemblies.get(request.assembly)
        this.#assemblies.delete(request.assembly)
        return assembly === undefined ? null : new FileChange(assembly.plan, assembly)
      }
      case 'makeDirectory':
        return new DirectoryChange(request.path, request.replaces)
      case 'remove':
        return new RemoveChange(request.path, request.expected)
      case 'setExecutable':
        return new ModeChange(request.path, request.expected, request.executable)
      default:
        return assertNever(request)
    }
  }

  #copy({ assembly: id, blocks }: RequestOf<'copy'>): Promise<readonly number[]> | readonly number[] {
    const assembly = this.#assemblies.get(id)
    if (assembly === undefined) return blocks.map(({ index }) => index)
    return assembly.copy(blocks, new Sources(this.#place.root), this.#pace)
  }

  async #takeFrame({ frame, blocks }: RequestOf<'frame'>): Promise<Answers['frame']> {
    let end = 0
    const parts = blocks.map(({ assembly, index, size }) => {
      end += size
      return { assembly: this.#assemblies.get(assembly), index, bytes: new Uint8Array(frame, end - size, size) }
    })
    for (const { assembly, index, bytes } of parts) {
      await this.#pace.spend(bytes.length)
      if (assembly !== undefined && !assembly.isBlock(index, bytes)) return 'bad'
    }
    for (const { assembly, index, bytes } of parts) {
      if (assembly === undefined || assembly.isOver || assembly.write(index, bytes)) continue
      // what else the disk says is told when the file is finished
      if (assembly.fault?.outcome !== 'full') continue
      const { size } = assembly.plan
      this.#changes.add(async () => void (await this.#trash.makeRoom(size, this.#pace)))
      return 'full'
    }
    return 'ok'
  }

  async #read({ frame, pieces }: RequestOf<'read'>): Promise<readonly number[]> {
    const sources = new Sources(this.#place.root)
    const missing: number[] = []
    let end = 0
    for (const [index, { path, state, offset, size, hash }] of pieces.entries()) {
      await this.#pace.spend(size)
      end += size
      const bytes = new Uint8Array(frame, end - size, size)
      const isRight = sources.read(path, state, offset, bytes) && toHex(blake3(bytes)) === hash
      if (!isRight) missing.push(index)
    }
    sources.close()
    return missing
  }

  #move(request: RequestOf<'rename' | 'discard'>, answer: Answer<'rename'>): void {
    const done = (outcome: Outcome): void => answer(textOf(outcome))
    if (request.kind === 'discard') {
      this.#commit({ change: new DiscardChange(request.path), seen: [request.path], done })
      return
    }
    const { from, to, replace } = request
    const at = (place: Place): string | Refusal => {
      const file = fileAt(place, from)
      return 'reason' in file ? file : place.root.absolute(from)
    }
    this.#commit({ change: new MoveChange(to, at, replace), seen: [from, to], done })
  }

  async #restore(id: string, answer: Answer<'restore'>): Promise<void> {
    const item = this.#trash.find(id)
    if (item === undefined) {
      answer(`there is no ${id} in the trash`)
      return
    }
    const done = (outcome: Outcome): void => {
      if (outcome.outcome === 'ok') this.#trash.forget(id)
      answer(textOf(outcome))
    }
    const change = new MoveChange(item.path, () => item.file, true)
    await this.#committer.run([{ change, seen: [item.path], done }])
  }

  #commit(commit: Commit): void {
    this.#commits.push(commit)
    if (this.#commits.length > 1) return
    this.#changes.add(async () => {
      const commits = this.#commits
      this.#commits = []
      while (commits.length > 0) await this.#begin(commits.splice(0, BATCH))
    })
  }

  /** Settles when the next batch may begin: while this one waits for the disk. */
  async #begin(batch: readonly Commit[]): Promise<void> {
    // what a user asks for begins with a look at what stands there
    if (batch.some(({ seen }) => seen.length > 0)) await this.#ending
    const before = this.#ending
    const end = await this.#committer.begin(batch)
    this.#ending = before.then(end)
    await before
  }

  #afterChanges(task: () => Promise<void>): void {
    this.#changes.add(async () => {
      await this.#ending
      await task()
    })
  }
}

function textOf(outcome: Outcome): string | null {
  return outcome.outcome === 'ok' ? null : outcome.reason
}

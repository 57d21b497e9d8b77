/** A folder's disk with its worker, on a real directory, and what an index would know of it. */
import * as assert from 'node:assert'
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { blake3 } from '@napi-rs/blake-hash'
import { blockSizeOf, contentId } from '../../src/folder/content.js'
import type {
  Content,
  DiskState,
  FolderPath,
  Opening,
  RemoveOutcome,
  WriteJob,
  WriteOutcome,
} from '../../src/folder-disk.js'
import { HostFolderDisk } from '../../src/host/folder/host-folder-disk.js'
import { stateOf } from '../../src/host/folder/root.js'
import { Index, linesOf } from './folder-scanning.js'
import { called, temporary, until } from './support.js'

export const OLD_MS = 1_700_000_000_123

export interface OpenDisk {
  readonly root: string
  readonly disk: HostFolderDisk
  readonly index: Index
  readonly marker: string
}

const open = new Set<HostFolderDisk>()
export const fatals: string[] = []

/** To be awaited at the end of a test file. */
export async function closeDisks(): Promise<void> {
  await Promise.all([...open].map((disk) => disk.close()))
  open.clear()
}

export function diskOf(root: string): HostFolderDisk {
  const disk = new HostFolderDisk({ root, fatal: (reason) => fatals.push(reason), log: (_, text) => fatals.push(text) })
  open.add(disk)
  return disk
}

/** Opens a folder and waits for its first scan. */
export async function openDisk(
  root = temporary(),
  marker: string | null = null,
  index = new Index(),
  disk = diskOf(root),
): Promise<OpenDisk> {
  const scans = index.scans
  const opening = await called<Opening>('the folder to be open', (done) =>
    disk.open(marker, [...index.states], index, done),
  )
  assert.ok('marker' in opening, JSON.stringify(opening))
  await until('the first scan', () => index.scans > scans)
  return { root, disk, index, marker: opening.marker }
}

export function contentOf(bytes: Uint8Array): Content {
  const size = blockSizeOf(bytes.length)
  const hashes: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) hashes.push(blake3(bytes.subarray(at, at + size)))
  const blocks = new Uint8Array(Buffer.concat(hashes))
  return { id: contentId(blocks), size: bytes.length, blocks }
}

export function jobOf(path: FolderPath, bytes: Uint8Array, change: Partial<WriteJob> = {}): WriteJob {
  return { path, content: contentOf(bytes), mtimeMs: OLD_MS, executable: false, replaces: null, ...change }
}

/** What stands there; the test fails where it is nothing. */
export function stateAt(root: string, path: FolderPath): DiskState {
  const state = stateOf(lstatSync(join(root, path)))
  assert.ok(state !== null, path)
  return state
}

/** Writes a file whose blocks all lie in `source`, another file of the folder with the same bytes. */
export async function copied(
  { disk, root }: Pick<OpenDisk, 'disk' | 'root'>,
  job: WriteJob,
  source: FolderPath,
): Promise<WriteOutcome> {
  const assembly = disk.assemble(job)
  const block = blockSizeOf(job.content.size)
  const from = { path: source, state: stateAt(root, source) }
  const blocks = Array.from({ length: job.content.blocks.length / 32 }, (_, index) => ({
    index,
    from: { ...from, offset: index * block },
  }))
  const missing = await called<readonly number[]>('the copy', (done) => assembly.copy(blocks, done))
  assert.deepEqual(missing, [])
  return called<WriteOutcome>('the file', (done) => assembly.finish(done))
}

/** What an index does with an answer. */
export function applied(index: Index, path: FolderPath, outcome: WriteOutcome | RemoveOutcome): void {
  assert.equal(outcome.outcome, 'ok', JSON.stringify(outcome))
  if ('state' in outcome) index.states.set(path, outcome.state)
  else index.states.delete(path)
}

export function removed({ disk }: OpenDisk, path: FolderPath, expected: DiskState): Promise<RemoveOutcome> {
  return called(`${path} to go`, (done) => disk.remove(path, expected, done))
}

export function madeDirectory(
  { disk }: OpenDisk,
  path: FolderPath,
  replaces: DiskState | null = null,
): Promise<WriteOutcome> {
  return called(`the directory ${path}`, (done) => disk.makeDirectory(path, replaces, done))
}

/** Files of the trash that are there in fact, with their bytes. */
export function trashFiles(root: string): readonly string[] {
  const at = join(root, '.p2pfolder.trash')
  const found: string[] = []
  for (const batch of readdirSync(at)) {
    for (const name of readdirSync(join(at, batch))) {
      if (name !== 'items.json') found.push(readFileSync(join(at, batch, name), 'utf8'))
    }
  }
  return found.sort()
}

/** Of files that are being written. */
export function temporaryFiles(root: string): readonly string[] {
  const at = join(root, '.p2pfolder.tmp')
  return existsSync(at) ? readdirSync(at) : []
}

/** Settles after a whole scan that began after now. */
export async function rescanned({ disk, index }: OpenDisk): Promise<void> {
  const scans = index.scans
  disk.rescan()
  await until('a scan', () => index.scans > scans)
  disk.rescan()
  await until('a second scan', () => index.scans > scans + 1)
}

/** Settles when all that differs on the disk was told. */
export async function told({ root, index }: OpenDisk): Promise<void> {
  await until('what is on the disk to be told', () => {
    const standing = linesOf(root)
    const isState = (path: FolderPath): boolean => isDeepStrictEqual(index.states.get(path), stateAt(root, path))
    return index.states.size === standing.size && [...standing.keys()].every(isState)
  })
}

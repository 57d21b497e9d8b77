/** How one path lies in the store: what is best, what stands here, and whether that is told. */
import { decodeCanonical, encodeCanonical } from '../../wire/canonical.js'
import { bool, bytes, option, struct } from '../../wire/field.js'
import { folderEntry } from '../../wire/messages/folder.js'
import type { DiskState } from '../folder-disk.js'
import type { Entry, Here, Known } from './entry.js'

/** Modification time and inode as the two doubles that the disk gave: they are compared exactly. */
const STAMP_BYTES = 16

const record = struct('folder record', {
  best: folderEntry,
  /** `version`: nil where it is the best one. */
  here: option(struct('here', { version: option(folderEntry), stamp: bytes(STAMP_BYTES), executable: bool })),
  untold: bool,
})

export function encodeKnown({ best, here, untold }: Known): Uint8Array {
  return encodeCanonical(record, { best, here: here === null ? null : flat(here, best), untold })
}

/** Null where no disk can be in that state; throws ProtocolError where the bytes are no record. */
export function decodeKnown(value: Uint8Array): Known | null {
  const { best, here, untold } = decodeCanonical(record, value)
  if (here === null) return { best, here: null, untold }
  const version = here.version ?? best
  if (version.kind === 'deleted') return null
  const view = new DataView(here.stamp.buffer, here.stamp.byteOffset, STAMP_BYTES)
  const { kind, size } = version
  const { executable } = here
  const state: DiskState = { kind, size, mtimeMs: view.getFloat64(0), inode: view.getFloat64(8), executable }
  return { best, here: { version, state }, untold }
}

function flat({ version, state }: Here, best: Entry) {
  const view = new DataView(new ArrayBuffer(STAMP_BYTES))
  view.setFloat64(0, state.mtimeMs)
  view.setFloat64(8, state.inode)
  const stamp = new Uint8Array(view.buffer)
  return { version: version === best ? null : version, stamp, executable: state.executable }
}

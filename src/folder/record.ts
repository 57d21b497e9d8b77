/** How one path lies in the store: what is best, what stands here, and whether that is told. */
import { decodeCanonical, encodeCanonical } from '../../wire/canonical.js'
import { bool, bytes, hash, oneOf, option, struct, u53 } from '../../wire/field.js'
import { folderEntry, versionVector } from '../../wire/messages/folder.js'
import type { DiskState } from '../folder-disk.js'
import type { Here, Known } from './entry.js'

const HERE_KINDS = ['file', 'directory'] as const
/** Modification time and inode as the two doubles that the disk gave: they are compared exactly. */
const STAMP_BYTES = 16

const record = struct('folder record', {
  best: folderEntry,
  here: option(
    struct('here', {
      vector: versionVector,
      kind: oneOf(HERE_KINDS),
      size: u53,
      stamp: bytes(STAMP_BYTES),
      executable: bool,
      content: option(hash),
    }),
  ),
  untold: bool,
})

export function encodeKnown({ best, here, untold }: Known): Uint8Array {
  return encodeCanonical(record, { best, here: here === null ? null : flat(here), untold })
}

/** Throws ProtocolError where the bytes are no record. */
export function decodeKnown(value: Uint8Array): Known {
  const { best, here, untold } = decodeCanonical(record, value)
  if (here === null) return { best, here: null, untold }
  const { kind, size, executable, stamp, vector, content } = here
  const view = new DataView(stamp.buffer, stamp.byteOffset, STAMP_BYTES)
  const state: DiskState = { kind, size, mtimeMs: view.getFloat64(0), inode: view.getFloat64(8), executable }
  // one string where both are the same
  return { best, here: { vector, state, content: content === best.content ? best.content : content }, untold }
}

function flat({ vector, state, content }: Here) {
  const view = new DataView(new ArrayBuffer(STAMP_BYTES))
  view.setFloat64(0, state.mtimeMs)
  view.setFloat64(8, state.inode)
  const { kind, size, executable } = state
  return { vector, kind, size, stamp: new Uint8Array(view.buffer), executable, content }
}

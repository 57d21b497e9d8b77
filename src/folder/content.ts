/** How a file's bytes are cut into blocks, and what names them. */
import { sha256, toHex } from '../../wire/hash.js'
import { MAX_BLOCKS } from '../../wire/messages/folder.js'
import type { Hash } from '../../wire/types.js'

const SMALLEST_BLOCK = 128 * 1024
const LARGEST_BLOCK = 16 * 1024 * 1024
/** So many blocks at most, as long as they can grow: a list of 64 KiB. */
const FEW_BLOCKS = 2048
export const MAX_FILE_BYTES = LARGEST_BLOCK * MAX_BLOCKS
export const DIGEST_BYTES = 32

/** Smallest power of two from 128 KiB to 16 MiB that gives at most 2,048 blocks; 16 MiB where none does. */
export function blockSizeOf(sizeBytes: number): number {
  let block = SMALLEST_BLOCK
  while (block < LARGEST_BLOCK && block * FEW_BLOCKS < sizeBytes) block *= 2
  return block
}

/** 0 of an empty file. */
export function blockCount(sizeBytes: number): number {
  return Math.ceil(sizeBytes / blockSizeOf(sizeBytes))
}

/** Bytes of block `index`. */
export function blockBytes(sizeBytes: number, index: number): number {
  const block = blockSizeOf(sizeBytes)
  return Math.max(0, Math.min(block, sizeBytes - index * block))
}

/** Of one block: its BLAKE3. Else SHA-256 of the BLAKE3 of all blocks, 32 bytes each, concatenated. */
export function contentId(blocks: Uint8Array): Hash {
  return blocks.length === DIGEST_BYTES ? toHex(blocks) : sha256(blocks)
}

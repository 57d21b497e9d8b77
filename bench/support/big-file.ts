/** A file whose chunks all differ, made fast: one random block, stamped with its place. */
import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'

const BLOCK_BYTES = 4 * 1024 * 1024
const STAMP_EVERY_BYTES = 64 * 1024

export function writeBigFile(path: string, sizeBytes: number): void {
  const block = randomBytes(BLOCK_BYTES)
  const file = openSync(path, 'wx')
  for (let at = 0; at < sizeBytes; at += BLOCK_BYTES) {
    for (let place = 0; place < BLOCK_BYTES; place += STAMP_EVERY_BYTES) block.writeDoubleLE(at + place, place)
    writeSync(file, block, 0, Math.min(BLOCK_BYTES, sizeBytes - at))
  }
  // else its write-back falls into what is measured
  fsyncSync(file)
  closeSync(file)
}

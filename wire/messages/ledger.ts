/** Numbers 20-39: records, headers and blocks. */
import { bytes, hash, list, u32 } from '../field.js'
import { declare } from '../message.js'

/** Encoded block headers. */
const header = bytes(80)
/** One signed record, canonical (src/ledger/record.ts). */
const record = bytes(1, 4096)

export const MAX_HEADERS = 2000
export const MAX_LOCATOR = 64
/** Blocks a peer may be asked for at once. */
export const MAX_BLOCKS_ASKED = 16
export const MAX_RECORD_IDS = 1000
export const MAX_RECORDS_ASKED = 128

export const ledgerMessages = {
  announce: declare(20, 'control', 'my chain has a new tip', {
    header,
    height: u32,
    /** Cumulative chain work, 32 bytes big-endian. */
    work: bytes(32),
  }),
  getHeaders: declare(21, 'control', 'asks for the headers after the first hash of the locator on your chain', {
    /** Ten hashes back from the tip, then in doubling steps, genesis last. */
    locator: list(hash, MAX_LOCATOR),
  }),
  headers: declare(
    22,
    'control',
    'the answer: consecutive headers; fewer than 2000 end at the tip',
    { headers: list(header, MAX_HEADERS) },
    { limit: 170_000 },
  ),
  getBlocks: declare(23, 'control', 'asks for the records of these blocks', { blocks: list(hash, MAX_BLOCKS_ASKED) }),
  block: declare(
    24,
    'control',
    'the records of one block that was asked for',
    { block: hash, records: list(record, 2048) },
    { limit: 540_000 },
  ),
  noBlock: declare(25, 'control', 'a block that was asked for and is not here', { block: hash }),
  inventory: declare(
    26,
    'control',
    'pending records that the sender holds and validated',
    { ids: list(hash, MAX_RECORD_IDS) },
    { limit: 36_000 },
  ),
  getRecords: declare(
    27,
    'control',
    'asks for pending records',
    { ids: list(hash, MAX_RECORDS_ASKED) },
    { limit: 5_000 },
  ),
  records: declare(
    28,
    'control',
    'the pending records that were asked for, as far as they are still here',
    { records: list(record, MAX_RECORDS_ASKED) },
    { limit: 530_000 },
  ),
} as const

/**
 * The ledger's parameters. They decide which blocks are valid and enter the genesis block through its bits, so all
 * peers of one network must use the same ones; tests and simulations use the easy ones.
 */

export interface ChainParams {
  /** Intended seconds between blocks while somebody mines (T). */
  readonly blockTimeS: number
  /** Seconds of lateness that double the target. */
  readonly halfLifeS: number
  /** A block counts as at most this many block times late. */
  readonly lateBlocks: number
  /** The target doubles for each full stretch of this many block times without a block. */
  readonly easeBlocks: number
  /** Expected hashes of the easiest block allowed at height 0: 2^floorBits, */
  readonly floorBits: number
  /** doubled every so many blocks, */
  readonly floorStep: number
  /** up to 2^floorMaxBits. */
  readonly floorMaxBits: number
}

export const DEFAULT_PARAMS: ChainParams = {
  blockTimeS: 10,
  halfLifeS: 240,
  lateBlocks: 6,
  easeBlocks: 12,
  floorBits: 18,
  floorStep: 1024,
  floorMaxBits: 24,
}

/** A few hashes a block. */
export const EASY_PARAMS: ChainParams = { ...DEFAULT_PARAMS, floorBits: 4, floorMaxBits: 8 }

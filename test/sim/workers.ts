/**
 * The worker threads of one simulated peer. Mining takes an exponential virtual time by the header's own difficulty and
 * then really solves it; signatures are really verified, each only once in the whole run, for they are pure.
 */
import type { Cancel, SignedText, Workers } from '../../src/env.js'
import { BITS_OFFSET, NONCE_OFFSET, targetOf } from '../../src/ledger/header.js'
import { scan } from '../../src/ledger/miner/scan.js'
import { verify } from '../../wire/ed25519.js'
import { sha256 } from '../../wire/hash.js'
import type { SimProcess } from './process.js'
import type { Random } from './random.js'

const VERIFY_MS = 0.15
const MAX_REMEMBERED = 200_000
const remembered = new Map<string, boolean>()

export class SimWorkers implements Workers {
  #mining = false

  constructor(
    private readonly process: SimProcess,
    private readonly random: Random,
    /** Double hashes a second. */
    private readonly rate: number,
  ) {}

  mine(header: Uint8Array, done: (solved: Uint8Array | null) => void): Cancel {
    const copy = header.slice()
    const delayMs = 0.5 + this.random.exponential((1000 * expectedHashes(copy)) / this.rate)
    this.#mining = true
    const cancel = this.process.at(this.process.schedule.now + delayMs, 'mined', () => {
      this.#mining = false
      done(solve(copy))
    })
    return () => {
      this.#mining = false
      cancel()
    }
  }

  hashRate(): number {
    return this.#mining ? this.rate : 0
  }

  verify(batch: readonly SignedText[], done: (valid: readonly boolean[]) => void): void {
    const verdicts = batch.map(verdict)
    const delayMs = 0.2 + VERIFY_MS * batch.length
    this.process.at(this.process.schedule.now + delayMs, 'verified', () => done(verdicts))
  }
}

function verdict({ publicKey, text, signature }: SignedText): boolean {
  const key = sha256(publicKey, signature, text)
  let valid = remembered.get(key)
  if (valid === undefined) {
    valid = verify(publicKey, text, signature)
    if (remembered.size < MAX_REMEMBERED) remembered.set(key, valid)
  }
  return valid
}

function expectedHashes(header: Uint8Array): number {
  const target = targetOf(Buffer.from(header).readUInt32LE(BITS_OFFSET))
  return Number(2n ** 256n / (target + 1n))
}

function solve(header: Uint8Array): Uint8Array | null {
  const nonce = scan(header, 0, 2 ** 32)
  if (nonce < 0) return null
  const solved = Buffer.from(header)
  solved.writeUInt32LE(nonce, NONCE_OFFSET)
  return new Uint8Array(solved)
}

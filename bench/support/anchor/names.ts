/** Names that a made-up publisher stores at the manifests task: registers and manifests, signed, and no content. */
import { randomBytes } from 'node:crypto'
import { within } from '../../../test/wire/support.js'
import { encodeCanonical, signedText } from '../../../wire/canonical.js'
import { sha256 } from '../../../wire/hash.js'
import { MAX_CLAIMS_PER_MESSAGE, manifestBody, registerBody } from '../../../wire/messages/swarm.js'
import type { Message } from '../../../wire/messages.js'
import type { Hash } from '../../../wire/types.js'
import type { Guest } from './guest.js'
import { inTurns } from './turns.js'

/** Each of 16 chunks of 256 KiB. */
const CHUNKS = 16
const CHUNK_BYTES = 256 * 1024
const AT_ONCE = 64

export interface StoredName {
  readonly name: string
  readonly manifest: Hash
}

/** Stores that many and answers when all are durable there and known to be held by the publisher. */
export async function storeNames(publisher: Guest, count: number): Promise<readonly StoredName[]> {
  const waiting = new Map<Hash, () => void>()
  publisher.heard = (message) => {
    if (message.type === 'manifestStored') waiting.get(message.register)?.()
  }
  const puts = Array.from({ length: count }, (_, place) => putOf(publisher, `song-${place}.flac`))
  await inTurns(count, AT_ONCE, async (turn) => {
    const { put, register } = puts[turn] as Put
    const stored = new Promise<void>((resolve) => waiting.set(register, resolve))
    publisher.say(put)
    await within('a manifest to be stored', stored)
  })
  for (let at = 0; at < count; at += MAX_CLAIMS_PER_MESSAGE) {
    const claims = puts.slice(at, at + MAX_CLAIMS_PER_MESSAGE).map(({ stored }) => ({
      manifest: stored.manifest,
      state: 'all' as const,
      chunks: new Uint8Array(0),
      kept: new Uint8Array(0),
    }))
    publisher.say({ type: 'chunksHave', claims })
  }
  return puts.map(({ stored }) => stored)
}

interface Put {
  readonly put: Message
  readonly register: Hash
  readonly stored: StoredName
}

function putOf({ identity, chain }: Guest, name: string): Put {
  const { publicKey, sign } = identity
  const size = CHUNKS * CHUNK_BYTES
  const hashes = new Uint8Array(randomBytes(CHUNKS * 32))
  const manifest = { name, size, chunkSize: CHUNK_BYTES, hashes, publicKey, version: 1 }
  const manifestBytes = encodeCanonical(manifestBody, manifest)
  const id = sha256(manifestBytes)
  const now = Date.now()
  const register = {
    name,
    publicKey,
    version: 1,
    manifest: id,
    size,
    keeping: 'served' as const,
    since: now,
    time: now,
  }
  const registerBytes = encodeCanonical(registerBody, register)
  return {
    put: {
      type: 'manifestPut',
      register: { body: register, signature: sign(signedText('register', chain, registerBytes)) },
      manifest: { body: manifest, signature: sign(signedText('manifest', chain, manifestBytes)) },
    },
    register: sha256(registerBytes),
    stored: { name, manifest: id },
  }
}

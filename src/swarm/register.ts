/**
 * One publisher's last word on one name: which manifest it means, or that it was removed. Registers are merged by a
 * total order that every peer computes alike, so keepers that met the same registers in any order agree.
 * Invariant: `wins` is a strict total order over registers of one (name, publisher); higher version first, then a
 * removal, then the larger manifest id, then the larger register id.
 */
import { decodeCanonical, encodeCanonical, signedText } from '../../wire/canonical.js'
import type { Value } from '../../wire/field.js'
import { sha256 } from '../../wire/hash.js'
import { type KeepingKind, registerBody, signedRegister } from '../../wire/messages/swarm.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { Env, SignedText } from '../env.js'
import { checkName, MAX_FILE_BYTES } from './manifest.js'

export type SignedRegister = Value<typeof signedRegister>
type Body = Value<typeof registerBody>

export interface Register {
  readonly id: Hash
  readonly name: string
  readonly publisher: PeerId
  readonly version: number
  /** Null: removed by its publisher. */
  readonly manifest: Hash | null
  readonly size: number
  readonly keeping: KeepingKind
  /** Whether the owners of its name keep the content whole. */
  readonly copies: boolean
  readonly since: number
  readonly time: number
  readonly signed: SignedRegister
}

/** Signs a register of our own. */
export function makeRegister(env: Env, chain: Hash, fields: Omit<Body, 'publicKey'>): Register {
  const body: Body = { ...fields, publicKey: env.identity.publicKey }
  const bytes = encodeCanonical(registerBody, body)
  return toRegister({ body, signature: env.sign(signedText('register', chain, bytes)) }, bytes)
}

/** Reads a peer's register; null where it breaks a rule. The signature is not checked here. */
export function readRegister(signed: SignedRegister): Register | null {
  const { body } = signed
  if (checkName(body.name) !== null || body.size > MAX_FILE_BYTES) return null
  return toRegister(signed, encodeCanonical(registerBody, body))
}

/** What a worker must verify before a register of a peer is believed. */
export function registerText(chain: Hash, { body, signature }: SignedRegister): SignedText {
  const text = signedText('register', chain, encodeCanonical(registerBody, body))
  return { publicKey: body.publicKey, text, signature }
}

export function encodeRegister(register: Register): Uint8Array {
  return encodeCanonical(signedRegister, register.signed)
}

/** Reads what `encodeRegister` wrote to our own store. */
export function decodeRegister(bytes: Uint8Array): Register | null {
  return readRegister(decodeCanonical(signedRegister, bytes))
}

/** Whether `a` replaces `b`, both of one name and publisher. */
export function wins(a: Register, b: Register): boolean {
  if (a.version !== b.version) return a.version > b.version
  if (a.manifest !== b.manifest) {
    if (a.manifest === null || b.manifest === null) return a.manifest === null
    return a.manifest > b.manifest
  }
  return a.id > b.id
}

/** The live register that a bare name means: first published, then by publisher id. */
export function meantBy(registers: Iterable<Register>): Register | undefined {
  let meant: Register | undefined
  for (const register of registers) {
    if (register.manifest === null) continue
    if (meant === undefined || earlier(register, meant)) meant = register
  }
  return meant
}

function earlier(a: Register, b: Register): boolean {
  return a.since !== b.since ? a.since < b.since : a.publisher < b.publisher
}

function toRegister(signed: SignedRegister, bytes: Uint8Array): Register {
  const { name, publicKey, version, manifest, size, keeping, since, time } = signed.body
  const publisher = sha256(publicKey) as PeerId
  const copies = keeping === 'copies'
  return { id: sha256(bytes), name, publisher, version, manifest, size, keeping, copies, since, time, signed }
}

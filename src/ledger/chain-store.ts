/**
 * How the chain lies in the store: `headers` by height and hash, `blocks` (records) by hash, `meta` names the tip.
 * Every change is one atomic write, so what is there is always one consistent chain; what a failing disk altered is found
 * by its hash and cut off, and peers send it again. Derived indexes are rebuilt, not stored.
 */
import { decodeCanonical, encodeCanonical } from '../../wire/canonical.js'
import { ProtocolError } from '../../wire/errors.js'
import { bytes, list } from '../../wire/field.js'
import { fromHex, toHex } from '../../wire/hash.js'
import type { Hash } from '../../wire/types.js'
import type { Store, StoreOperation } from '../env.js'
import { decodeBody, MAX_BLOCK_RECORDS } from './block.js'
import { checkHeader, type Node } from './node.js'
import type { ChainParams } from './params.js'
import { MAX_RECORD_BYTES, type SignedRecord } from './record.js'
import { State } from './state.js'

const bodyField = list(bytes(1, MAX_RECORD_BYTES), MAX_BLOCK_RECORDS)
const TIP = 'ledger.tip'
const CHAIN = 'ledger.chain'

export interface Loaded {
  /** Genesis to tip. */
  readonly active: Node[]
  readonly forks: Map<Hash, Node>
  readonly state: State
  /** What had to be cut off, in words; empty when all was intact. */
  readonly damage: string
  /** Another chain's state lies here: nothing was loaded, nothing may be written. */
  readonly foreign: boolean
}

export function headerKey(node: Node): string {
  return node.height.toString(16).padStart(8, '0') + node.hash
}

export function putBody(hash: Hash, records: readonly SignedRecord[]): StoreOperation {
  return {
    put: 'blocks',
    key: hash,
    value: encodeCanonical(
      bodyField,
      records.map((record) => record.bytes),
    ),
  }
}

export function putTip(tip: Node): StoreOperation {
  return { put: 'meta', key: TIP, value: fromHex(tip.hash) }
}

export function removeNode(node: Node): readonly StoreOperation[] {
  return [
    { remove: 'headers', key: headerKey(node) },
    { remove: 'blocks', key: node.hash },
  ]
}

/** The encoded records of a stored block. */
export function readBody(store: Store, hash: Hash): readonly Uint8Array[] | undefined {
  const stored = store.get('blocks', hash)
  return stored === undefined ? undefined : decodeCanonical(bodyField, stored)
}

/** Reads and checks everything; removes what does not belong in one write. */
export function loadChain(store: Store, genesis: Node, params: ChainParams): Loaded {
  const chain = store.get('meta', CHAIN)
  const empty: Loaded = { active: [genesis], forks: new Map(), state: new State(), damage: '', foreign: false }
  if (chain !== undefined && toHex(chain) !== genesis.hash) return { ...empty, foreign: true }
  if (chain === undefined) store.write([{ put: 'meta', key: CHAIN, value: fromHex(genesis.hash) }])

  const removals: StoreOperation[] = []
  const nodes = loadHeaders(store, genesis, params, removals)
  const named = tipOf(store, nodes)
  const state = new State()
  const active = loadActive(store, pathFrom(genesis, named ?? heaviest(nodes)), state)
  const tip = active.at(-1) ?? genesis
  const forks = new Map<Hash, Node>()
  for (const node of nodes.values()) {
    if (active[node.height] === node) continue
    if (hasBody(store, node) && (forks.has(node.header.previous) || active[node.height - 1] === node.parent)) {
      forks.set(node.hash, node)
    } else removals.push(...removeNode(node))
  }
  for (const [key] of store.entries('blocks')) {
    if (!nodes.has(key as Hash)) removals.push({ remove: 'blocks', key })
  }
  const cut = named === undefined ? tip !== genesis : named !== tip
  if (cut) removals.push(putTip(tip))
  if (removals.length > 0) store.write(removals)
  return {
    active,
    forks,
    state,
    damage: cut ? `the stored chain was damaged above height ${tip.height}` : '',
    foreign: false,
  }
}

/** All stored headers that are intact and connected, genesis among them, parents first. */
function loadHeaders(store: Store, genesis: Node, params: ChainParams, removals: StoreOperation[]): Map<Hash, Node> {
  const nodes = new Map<Hash, Node>([[genesis.hash, genesis]])
  for (const [key, value] of store.entries('headers')) {
    const previous = value.length === 80 ? toHex(value.subarray(4, 36)) : genesis.hash
    const parent = nodes.get(previous)
    const checked = parent === undefined ? undefined : checkHeader(params, value, parent)
    if (checked?.kind === 'ok' && headerKey(checked.node) === key) nodes.set(checked.node.hash, checked.node)
    else removals.push({ remove: 'headers', key })
  }
  return nodes
}

function tipOf(store: Store, nodes: ReadonlyMap<Hash, Node>): Node | undefined {
  const stored = store.get('meta', TIP)
  return stored?.length === 32 ? nodes.get(toHex(stored)) : undefined
}

function heaviest(nodes: ReadonlyMap<Hash, Node>): Node | undefined {
  let best: Node | undefined
  for (const node of nodes.values()) if (best === undefined || node.work > best.work) best = node
  return best
}

function pathFrom(genesis: Node, tip: Node | undefined): readonly Node[] {
  const path: Node[] = []
  for (let node = tip ?? null; node !== null && node !== genesis; node = node.parent) path.push(node)
  return [genesis, ...path.reverse()]
}

/** Applies blocks as long as they are intact. */
function loadActive(store: Store, path: readonly Node[], state: State): Node[] {
  const active = path.slice(0, 1)
  for (const node of path.slice(1)) {
    const records = intactRecords(store, node)
    if (records === undefined || !state.apply(records, node)) break
    active.push(node)
  }
  return active
}

function hasBody(store: Store, node: Node): boolean {
  return intactRecords(store, node) !== undefined
}

function intactRecords(store: Store, node: Node): readonly SignedRecord[] | undefined {
  try {
    const body = decodeBody(node.header.root, readBody(store, node.hash) ?? [])
    return body.kind === 'fit' ? body.records : undefined
  } catch (error) {
    if (error instanceof ProtocolError) return undefined
    throw error
  }
}

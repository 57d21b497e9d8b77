/**
 * The chain with the most work, and the forks near its tip. A branch is adopted as a whole: fork point, undo, redo, one
 * atomic write. A tie keeps what was seen first. Invariants: `state` is exactly what the active blocks say; every node
 * here has its body in the store; memory changes first, the store follows in the same order.
 */
import { assert } from '../../wire/errors.js'
import type { Hash } from '../../wire/types.js'
import type { Store, StoreOperation } from '../env.js'
import { decodeBody } from './block.js'
import { headerKey, loadChain, putBody, putTip, readBody, removeNode } from './chain-store.js'
import { encodeHeader, type Header } from './header.js'
import { checkHeader, genesisNode, type Node } from './node.js'
import type { ChainParams } from './params.js'
import type { SignedRecord } from './record.js'
import type { State } from './state.js'

/** Forks are stored this close to the tip; older ones are forgotten. */
export const FORK_DEPTH = 144
/** A block may be dated this far ahead of our clock. */
export const MAX_AHEAD_S = 60
/** Blocks found invalid, by hash; the oldest is forgotten first. */
const MAX_REFUSED = 1024
const LOCATOR_STEPS = 10

export type HeaderCheck =
  | { readonly kind: 'ok'; readonly node: Node }
  | { readonly kind: 'bad'; readonly reason: string }
  /** Too new: nothing wrong with it, to be tried again when our clock shows `atS`. */
  | { readonly kind: 'early'; readonly atS: number }

export interface Change {
  readonly tip: Node
  /** Blocks undone. */
  readonly depth: number
  readonly undone: readonly SignedRecord[]
  readonly connected: readonly SignedRecord[]
}

export type Adoption =
  | { readonly kind: 'adopted'; readonly change: Change }
  | { readonly kind: 'lighter' }
  | { readonly kind: 'invalid'; readonly node: Node }

export interface Commit {
  /** Further operations of the same write. */
  readonly alongside: (change: Change) => readonly StoreOperation[]
  readonly durable: (change: Change) => void
}

export class Chain {
  readonly genesis: Node
  readonly state: State
  /** What loading found broken, '' if nothing. */
  readonly damage: string
  /** The store belongs to another chain: the peer must not run on it. */
  readonly foreign: boolean
  readonly #store: Store
  readonly #params: ChainParams
  readonly #active: Node[]
  /** By proven work only, pruned to FORK_DEPTH. */
  readonly #forks: Map<Hash, Node>
  readonly #byHash = new Map<Hash, Node>()
  readonly #refused = new Set<Hash>()
  /** Bodies in the store that no node claims yet; at most a download's window. */
  readonly #staged = new Set<Hash>()
  /** Number of the write that connected a block, until it is durable. */
  readonly #connectedIn = new Map<Hash, number>()
  #writes = 0
  #durableTip: Node

  constructor(store: Store, genesis: Header, params: ChainParams) {
    this.#store = store
    this.#params = params
    this.genesis = genesisNode(genesis)
    const loaded = loadChain(store, this.genesis, params)
    this.#active = loaded.active
    this.#forks = loaded.forks
    this.state = loaded.state
    this.damage = loaded.damage
    this.foreign = loaded.foreign
    for (const node of this.#active) this.#byHash.set(node.hash, node)
    for (const node of this.#forks.values()) this.#byHash.set(node.hash, node)
    this.#durableTip = this.tip
  }

  get tip(): Node {
    return this.#active.at(-1) ?? this.genesis
  }

  /** The newest tip that would survive a crash: what others may be told. */
  get durableTip(): Node {
    return this.#durableTip
  }

  node(hash: Hash): Node | undefined {
    return this.#byHash.get(hash)
  }

  /** The active block at a height. */
  at(height: number): Node | undefined {
    return this.#active[height]
  }

  isActive(node: Node): boolean {
    return this.#active[node.height] === node
  }

  /** Whether an active block would survive a crash. */
  isDurable(hash: Hash): boolean {
    return this.#byHash.has(hash) && !this.#connectedIn.has(hash)
  }

  check(encoded: Uint8Array, parent: Node, wallTimeMs: number): HeaderCheck {
    const checked = checkHeader(this.#params, encoded, parent)
    if (checked.kind === 'bad') return checked
    const { node } = checked
    if (this.#refused.has(node.hash) || this.#refused.has(parent.hash))
      return { kind: 'bad', reason: 'known as invalid' }
    const atS = node.header.time - MAX_AHEAD_S
    return wallTimeMs < atS * 1000 ? { kind: 'early', atS } : checked
  }

  /** Marks a block invalid for good; nothing may be built on it. */
  refuse(hash: Hash): void {
    const oldest = this.#refused.size >= MAX_REFUSED ? this.#refused.values().next().value : undefined
    if (oldest !== undefined) this.#refused.delete(oldest)
    this.#refused.add(hash)
  }

  /** Ten hashes back from the tip in single steps, then in doubling ones, genesis last. */
  locator(): readonly Hash[] {
    const hashes: Hash[] = []
    let step = 1
    for (let height = this.tip.height; height > 0; height -= step) {
      const node = this.#active[height]
      if (node !== undefined) hashes.push(node.hash)
      if (hashes.length >= LOCATOR_STEPS) step *= 2
    }
    return [...hashes, this.genesis.hash]
  }

  /** Encoded active headers after the first hash that we know as active; after genesis if there is none. */
  headersAfter(locator: readonly Hash[], count: number): readonly Uint8Array[] {
    const known = locator
      .map((hash) => this.#byHash.get(hash))
      .find((node) => node !== undefined && this.isActive(node))
    const first = (known?.height ?? 0) + 1
    return this.#active.slice(first, first + count).map((node) => encodeHeader(node.header))
  }

  /** The encoded records of a block that we hold. */
  body(hash: Hash): readonly Uint8Array[] | undefined {
    return this.#byHash.has(hash) ? readBody(this.#store, hash) : undefined
  }

  records(node: Node): readonly SignedRecord[] {
    if (node.parent === null) return []
    const body = decodeBody(node.header.root, readBody(this.#store, node.hash) ?? [])
    assert(body.kind === 'fit', `block ${node.height} ${node.hash} is not in the store`)
    return body.records
  }

  /** Keeps the checked body of a block whose branch is not adopted yet. */
  stage(node: Node, records: readonly SignedRecord[]): void {
    if (this.#byHash.has(node.hash)) return
    this.#staged.add(node.hash)
    this.#store.write([putBody(node.hash, records)])
  }

  /** Gives up staged bodies that no adopted branch used. */
  unstage(): void {
    const operations = [...this.#staged].map((key): StoreOperation => ({ remove: 'blocks', key }))
    this.#staged.clear()
    if (operations.length > 0) this.#store.write(operations)
  }

  /** Tips of branches that are not ours, newest first. */
  forkTips(): readonly Node[] {
    const parents = new Set([...this.#forks.values()].map((node) => node.header.previous))
    return [...this.#forks.values()].filter((node) => !parents.has(node.hash)).sort((a, b) => b.height - a.height)
  }

  /**
   * Makes `last` the tip if its branch has more work. Its ancestors are known to the chain or linked by `parent`; bodies
   * stand in `fresh` or were staged. An invalid branch changes nothing.
   */
  adopt(last: Node, fresh: ReadonlyMap<Hash, readonly SignedRecord[]>, commit: Commit): Adoption {
    if (last.work <= this.tip.work) return { kind: 'lighter' }
    const path = this.#pathTo(last)
    const forkHeight = (path[0]?.height ?? 1) - 1
    const old = this.#active.slice(forkHeight + 1)
    const undone = old.map((node) => this.records(node))
    for (const records of [...undone].reverse()) this.state.undo(records)
    const connected: (readonly SignedRecord[])[] = []
    for (const node of path) {
      const records = fresh.get(node.hash) ?? this.records(node)
      if (!this.state.apply(records, node)) {
        for (const applied of connected.reverse()) this.state.undo(applied)
        for (const [place, node] of old.entries()) this.state.apply(undone[place] ?? [], node)
        this.refuse(node.hash)
        return { kind: 'invalid', node }
      }
      connected.push(records)
    }
    const change = { tip: last, depth: old.length, undone: undone.flat(), connected: connected.flat() }
    this.#switch(forkHeight, old, path)
    this.#write(path, fresh, change, commit)
    return { kind: 'adopted', change }
  }

  /** From the first block that is not active up to `last`. */
  #pathTo(last: Node): readonly Node[] {
    const path: Node[] = []
    for (let node: Node | null = last; node !== null && !this.isActive(node); node = node.parent) path.push(node)
    return path.reverse()
  }

  #switch(forkHeight: number, old: readonly Node[], path: readonly Node[]): void {
    this.#active.length = forkHeight + 1
    for (const node of old) this.#forks.set(node.hash, node)
    for (const node of path) {
      this.#active.push(node)
      this.#byHash.set(node.hash, node)
      this.#forks.delete(node.hash)
    }
  }

  #write(
    path: readonly Node[],
    fresh: ReadonlyMap<Hash, readonly SignedRecord[]>,
    change: Change,
    commit: Commit,
  ): void {
    const operations: StoreOperation[] = []
    const number = ++this.#writes
    for (const node of path) {
      operations.push({ put: 'headers', key: headerKey(node), value: encodeHeader(node.header) })
      const records = fresh.get(node.hash)
      if (records !== undefined && !this.#staged.has(node.hash)) operations.push(putBody(node.hash, records))
      this.#staged.delete(node.hash)
      this.#connectedIn.set(node.hash, number)
    }
    for (const node of this.#prune()) operations.push(...removeNode(node))
    operations.push(putTip(change.tip), ...commit.alongside(change))
    this.#store.write(operations, () => {
      this.#durableTip = change.tip
      for (const node of path) {
        if (this.#connectedIn.get(node.hash) === number) this.#connectedIn.delete(node.hash)
      }
      commit.durable(change)
    })
  }

  /** Takes out the forks that end too deep. */
  #prune(): readonly Node[] {
    const kept = new Set<Node>()
    for (const leaf of this.#forks.values()) {
      if (leaf.height < this.tip.height - FORK_DEPTH) continue
      let node: Node | null = leaf
      for (; node !== null && this.#forks.has(node.hash) && !kept.has(node); node = node.parent) kept.add(node)
    }
    const dropped = [...this.#forks.values()].filter((node) => !kept.has(node))
    for (const node of dropped) {
      this.#forks.delete(node.hash)
      this.#byHash.delete(node.hash)
      this.#connectedIn.delete(node.hash)
    }
    return dropped
  }
}

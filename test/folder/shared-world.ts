/** Peers that share a folder over a simulated network, and others that say there what no honest peer would. */
import type { Env, Link, LinkHandler } from '../../src/env.js'
import { Folder } from '../../src/folder/folder.js'
import type { FolderMode } from '../../src/folder-views.js'
import type { Message } from '../../wire/messages.js'
import type { PeerId } from '../../wire/types.js'
import { EPOCH_MS } from '../sim/env.js'
import { SimFolderDisk } from '../sim/folder-disk.js'
import { FolderMesh, type FolderProtocol, type Neighbour } from '../sim/folder-mesh.js'
import { SimTree } from '../sim/folder-tree.js'
import type { SimNode } from '../sim/node.js'
import { Random } from '../sim/random.js'
import { type Duration, World } from '../sim/world.js'

/** What a peer that is none of ours does; it hears nothing else. */
export interface Stranger extends Partial<FolderProtocol> {
  heard?(message: Message, from: PeerId): void
}

export interface FolderLife {
  /** Of a stranger none. */
  readonly folder: Folder | null
  readonly mesh: FolderMesh
  readonly env: Env
}

export interface Site {
  readonly node: SimNode<FolderLife>
  readonly tree: SimTree
  readonly folder: Folder
  readonly mesh: FolderMesh
  readonly id: PeerId
}

interface Part {
  readonly mode: FolderMode
  readonly stranger: Stranger | null
  /** Share of requests that it answers with wrong bytes. */
  badBlocks: number
}

export interface Said {
  readonly from: number
  readonly to: number
  readonly message: Message
  readonly time: number
}

export class FolderWorld {
  readonly world: World<FolderLife>
  /** All messages of the folder, in the order in which they were sent. */
  readonly said: Said[] = []
  readonly #parts: Part[] = []
  readonly #trees: SimTree[] = []

  constructor(seed = 1, options: { readonly bytesPerMs?: number } = {}) {
    this.world = new World<FolderLife>({
      seed,
      ...options,
      boot: (env, _setup, node, process) => this.#boot(env, node, process),
      tamper: {
        outgoing: (link, message) => {
          const { process } = link
          if (message.type.startsWith('folder')) {
            this.said.push({ from: process.index, to: link.partner.process.index, message, time: this.world.now })
          }
          return message
        },
        incoming: () => {},
      },
    })
  }

  /** A peer, started with what `prepare` puts into its folder. */
  add(prepare: (tree: SimTree) => void = () => {}, mode: FolderMode = 'both'): Site {
    const node = this.#add({ mode, stranger: null, badBlocks: 0 }, prepare)
    return this.site(node)
  }

  stranger(stranger: Stranger): SimNode<FolderLife> {
    return this.#add({ mode: 'both', stranger, badBlocks: 0 }, () => {})
  }

  /** A peer as it is now; after a restart it is another one. */
  site(node: SimNode<FolderLife>): Site {
    const { folder, mesh } = node.peer
    const tree = this.#trees[node.index]
    if (folder === null || tree === undefined) throw new Error('a stranger has no folder')
    return { node, tree, folder, mesh, id: node.id }
  }

  spoil(node: SimNode<FolderLife>, share: number): void {
    const part = this.#parts[node.index]
    if (part !== undefined) part.badBlocks = share
  }

  run(duration: Duration): void {
    this.world.run(duration)
  }

  until(what: string, within: Duration, condition: () => boolean): void {
    this.world.until(condition, within, what)
  }

  /** Runs until all that run hold the same and say so. */
  untilInSync(within: Duration = '60 s', sites: readonly Site[] = this.sites()): void {
    this.until('all in sync', within, () => this.differences(sites) === null)
  }

  /** Why they are not in sync; null where they are. */
  differences(sites: readonly Site[] = this.sites()): string | null {
    const pictures = sites.map(({ tree }) => pictureOf(tree))
    const [first = ''] = pictures
    for (const [place, picture] of pictures.entries()) {
      const { state, need } = sites[place]!.folder.folder()
      if (state !== 'in sync') return `${place} is ${state} with ${need.items} to do`
      if (picture !== first) return `0 and ${place} differ:\n${first}\n--\n${picture}`
    }
    return null
  }

  sites(): readonly Site[] {
    return this.world.alive.filter(({ peer }) => peer.folder !== null).map((node) => this.site(node))
  }

  /** Messages of one type since a time, between any two or from one. */
  saidOf(type: Message['type'], since = 0, from: number | null = null): readonly Said[] {
    return this.said.filter((said) => {
      return said.message.type === type && said.time >= since && (from === null || said.from === from)
    })
  }

  #add(part: Part, prepare: (tree: SimTree) => void): SimNode<FolderLife> {
    this.#parts.push(part)
    const index = this.world.nodes.length
    const tree = new SimTree(() => EPOCH_MS + Math.floor(this.world.now) + (this.world.nodes[index]?.skewMs ?? 0))
    this.#trees.push(tree)
    prepare(tree)
    return this.world.addPeer()
  }

  #boot(
    env: Env,
    node: SimNode<FolderLife>,
    process: ConstructorParameters<typeof SimFolderDisk>[0]['process'],
  ): FolderLife {
    const { world } = this
    const part = this.#parts[node.index]!
    const tree = this.#trees[node.index]!
    const mesh = new FolderMesh(env, {
      self: neighbourOf(node),
      others: () => world.nodes.filter(({ index }) => index !== node.index).map(neighbourOf),
      reaches: ({ index }) => world.network.passes(process.index, index) && world.network.passes(index, process.index),
    })
    if (part.stranger !== null) {
      mesh.start(protocolOf(part.stranger))
      return { folder: null, mesh, env }
    }
    const random = new Random(world.seed, node.index, process.life, 31)
    const disk = new SimFolderDisk({ tree, process, random, badBlocks: () => part.badBlocks })
    const nameOf = (peer: PeerId): string => world.nodes.find(({ id }) => id === peer)?.name ?? peer.slice(0, 8)
    const folder = new Folder(withMovingClock(env), mesh, { disk, mode: part.mode, nameOf, changed: () => {} })
    folder.start()
    mesh.start({
      receive: (from, message) => {
        if (message.type !== 'folderDigest' && message.type !== 'folderNews') throw new Error(message.type)
        folder.receive(from, message)
      },
      dataLink: (link) => folder.dataLink(link),
      linkUp: (peer) => folder.linkUp(peer),
      linkDown: (peer) => folder.linkDown(peer),
      linkDrained: (peer) => folder.linkDrained(peer),
      memberJoined: (peer) => folder.memberJoined(peer),
      memberLeft: (peer, how) => folder.memberLeft(peer, how),
    })
    return { folder, mesh, env }
  }
}

/** As on a real clock, no two readings are equal. */
function withMovingClock(env: Env): Env {
  let readings = 0
  return new Proxy(env, {
    get: (_, name: keyof Env) => {
      if (name === 'now') return () => env.now() + ++readings / 1e6
      const value = env[name]
      return typeof value === 'function' ? value.bind(env) : value
    },
  })
}

const neighbourOf = ({ id, name, host, index }: SimNode<FolderLife>): Neighbour => ({ id, name, ip: host.ip, index })

function pictureOf(tree: SimTree): string {
  return tree.paths
    .map((path) => `${path} ${tree.fileAt(path)?.executable ? 'x ' : ''}${tree.read(path) ?? '(directory)'}`)
    .join('\n')
}

const deaf: LinkHandler = { message: () => {}, drained: () => {}, closed: () => {} }

function protocolOf(stranger: Stranger): FolderProtocol {
  return {
    receive: (from, message) => stranger.heard?.(message, from),
    dataLink: (link: Link) => stranger.dataLink?.(link) ?? deaf,
    linkUp: (peer) => stranger.linkUp?.(peer),
    linkDown: (peer) => stranger.linkDown?.(peer),
    linkDrained: (peer) => stranger.linkDrained?.(peer),
    memberJoined: (peer) => stranger.memberJoined?.(peer),
    memberLeft: (peer, how) => stranger.memberLeft?.(peer, how),
  }
}

/** Starts the real folder protocol over a simulated Env, a mesh that only shares a folder, and a disk in memory. */
import type { Env } from '../../src/env.js'
import { Folder } from '../../src/folder/folder.js'
import type { FolderDisk } from '../../src/folder-disk.js'
import type { PeerId } from '../../wire/types.js'
import { SimFolderDisk } from './folder-disk.js'
import { FolderMesh, type Neighbour } from './folder-mesh.js'
import type { SimTree } from './folder-tree.js'
import type { SimNode } from './node.js'
import type { SimProcess } from './process.js'
import { Random } from './random.js'
import type { World } from './world.js'

export interface FolderPeer {
  readonly folder: Folder
}

export type FolderNode = SimNode<FolderPeer>

export interface BootOptions {
  readonly world: World<FolderPeer>
  readonly tree: SimTree
  readonly syncMs: number
  readonly missedEvents: number
  /** Own writes, right after each. */
  readonly onOwn: (path: string) => void
  /** Where tests plant their bugs. */
  readonly wrapEnv?: (env: Env) => Env
  readonly wrapDisk?: (disk: FolderDisk, tree: SimTree) => FolderDisk
}

const RESCAN_MS = 7_000

export function bootFolder(given: Env, node: FolderNode, process: SimProcess, options: BootOptions): FolderPeer {
  const { world, tree, syncMs, missedEvents, onOwn } = options
  const env = options.wrapEnv?.(given) ?? given
  const random = new Random(world.seed, node.index, process.life, 31)
  const memory = new SimFolderDisk({ tree, process, random, syncMs, missedEvents, rescanMs: RESCAN_MS, onOwn })
  const disk = options.wrapDisk?.(memory, tree) ?? memory
  const mesh = new FolderMesh(env, {
    self: neighbourOf(node),
    others: () => world.nodes.filter(({ index }) => index !== node.index).map(neighbourOf),
    reaches: ({ index }) => world.network.passes(process.index, index) && world.network.passes(index, process.index),
  })
  const nameOf = (peer: PeerId): string => world.nodes.find(({ id }) => id === peer)?.name ?? peer.slice(0, 7)
  const folder = new Folder(env, mesh, { disk, mode: 'both', nameOf, changed: () => {} })
  mesh.start(folder)
  folder.start()
  return { folder }
}

const neighbourOf = ({ id, name, host, index }: FolderNode): Neighbour => ({ id, name, ip: host.ip, index })

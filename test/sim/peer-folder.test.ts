/** The shared folder as a part of whole peers: who takes part, what views and the log say, and how it ends. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { FolderView, PeerApi } from '../../src/api.js'
import type { FolderMode } from '../../src/folder-views.js'
import { EPOCH_MS } from './env.js'
import { SimFolderDisk } from './folder-disk.js'
import { SimTree } from './folder-tree.js'
import type { SimNode } from './node.js'
import { peerOptions, startPeer } from './peer.js'
import { Random } from './random.js'
import { World } from './world.js'

type Node = SimNode<PeerApi>

class WatchedDisk extends SimFolderDisk {
  onClosed: () => void = () => {}

  override close(done: () => void): void {
    super.close(() => {
      this.onClosed()
      done()
    })
  }
}

/** Peers whose folders are trees; who is named in `without` shares none. */
class Shared {
  readonly trees = new Map<string, SimTree>()
  readonly without = new Set<string>()
  /** Whose disk was closed. */
  readonly closed = new Set<string>()
  readonly modes = new Map<string, FolderMode>()
  readonly world: World<PeerApi>

  constructor(seed: number) {
    this.world = new World<PeerApi>({
      seed,
      boot: (env, setup, node, process) => {
        const options = peerOptions(setup)
        if (this.without.has(node.name)) return startPeer(env, options)
        const random = new Random(seed, node.index, node.lives, 33)
        const disk = new WatchedDisk({ tree: this.tree(node.name), process, random })
        disk.onClosed = () => void this.closed.add(node.name)
        return startPeer(env, { ...options, folder: { disk, mode: this.modes.get(node.name) ?? 'both' } })
      },
    })
  }

  tree(name: string): SimTree {
    const tree = this.trees.get(name) ?? new SimTree(() => EPOCH_MS + this.world.now)
    this.trees.set(name, tree)
    return tree
  }

  add(name: string): Node {
    return this.world.addPeer({ name })
  }

  /** All that take part say that they are in sync and hold this at that path (null: nothing). */
  holds(path: string, text: string | null, ...nodes: readonly Node[]): void {
    this.world.until(
      () =>
        nodes.every(({ name, peer }) => this.tree(name).read(path) === text && viewOf({ peer }).state === 'in sync'),
      '60 s',
      `${path} to be ${text} at ${nodes.map(({ name }) => name).join(', ')}`,
    )
  }
}

const viewOf = ({ peer }: Pick<Node, 'peer'>): FolderView => peer.snapshot().folder
const said = ({ log }: Node): readonly string[] => log.map(({ level, text }) => `${level} ${text}`)

test('what one peer puts into its folder is in all; views and log say who did what', () => {
  const shared = new Shared(51)
  const [ann, bob, cay] = ['ann', 'bob', 'cay'].map((name) => shared.add(name)) as [Node, Node, Node]
  shared.tree('ann').write('notes/plan.txt', 'one')
  shared.holds('notes/plan.txt', 'one', ann, bob, cay)
  shared.tree('bob').write('notes/plan.txt', 'two')
  shared.holds('notes/plan.txt', 'two', ann, bob, cay)
  shared.tree('cay').delete('notes/plan.txt')
  shared.holds('notes/plan.txt', null, ann, bob, cay)
  const view = viewOf(ann)
  assert.deepEqual([view.path, view.mode, view.files, view.inSync], ['/folder', 'both', 0, true])
  assert.deepEqual(
    view.changes.filter(({ path }) => path === 'notes/plan.txt').map(({ what, by }) => `${by} ${what}`),
    ['cay deleted', 'bob changed', 'ann added'],
  )
  assert(said(ann).includes('info Shared folder: bob changed notes/plan.txt'), said(ann).join('\n'))
  assert(!said(bob).some((line) => line.includes('bob changed')), 'one knows what one did oneself')
})

test('a conflict is in the views of all until it is settled, and in every log', () => {
  const shared = new Shared(52)
  const [ann, bob] = ['ann', 'bob'].map((name) => shared.add(name)) as [Node, Node]
  shared.tree('ann').write('a.txt', 'old')
  shared.holds('a.txt', 'old', ann, bob)
  shared.world.kill(bob)
  shared.tree('ann').write('a.txt', "ann's")
  shared.world.run('5 s')
  shared.tree('bob').write('a.txt', "bob's, the newer")
  shared.world.start(bob)
  shared.holds('a.txt', "bob's, the newer", ann, bob)
  for (const node of [ann, bob]) {
    shared.world.until(() => viewOf(node).conflicts.length === 1, '30 s', 'the conflict in the view')
    const [conflict] = viewOf(node).conflicts
    assert.deepEqual([conflict?.path, conflict?.placeBy, conflict?.by], ['a.txt', 'bob', 'ann'])
    assert.equal(shared.tree(node.name).read(conflict?.copy ?? ''), "ann's")
    assert(
      said(node).some((line) => /^notice Conflict in the shared folder over a\.txt: the version of ann/.test(line)),
      said(node).join('\n'),
    )
  }
  let isKept = false
  shared.world.act(() => ann.peer.folderKeep('a.txt', 'that', ({ ok }) => void (isKept = ok)))
  shared.holds('a.txt', "ann's", ann, bob)
  assert(isKept)
  shared.world.until(() => [ann, bob].every((node) => viewOf(node).conflicts.length === 0), '30 s', 'no conflict left')
})

test('a peer without a folder is nobody to the folder, loses no link by it, and refuses in words', () => {
  const shared = new Shared(53)
  shared.without.add('none')
  const [ann, none, bob] = ['ann', 'none', 'bob'].map((name) => shared.add(name)) as [Node, Node, Node]
  shared.tree('ann').write('a.txt', 'for all')
  shared.holds('a.txt', 'for all', ann, bob)
  shared.world.run('30 s')
  assert.equal(viewOf(none).state, 'off')
  assert.deepEqual(none.peer.folderPause(), {
    ok: false,
    kind: 'refused',
    message: 'this peer shares no folder: start it without --no-folder',
  })
  for (const node of [ann, none, bob]) {
    assert.equal(node.peer.status().peers, 2)
    assert(!node.log.some(({ level }) => level === 'warn' || level === 'error'), said(node).join('\n'))
  }
})

test('paused, nothing comes or goes; resumed, all of it does', () => {
  const shared = new Shared(55)
  const [ann, bob] = ['ann', 'bob'].map((name) => shared.add(name)) as [Node, Node]
  shared.tree('ann').write('a.txt', 'one')
  shared.holds('a.txt', 'one', ann, bob)
  shared.world.act(() => assert(bob.peer.folderPause().ok))
  shared.tree('ann').write('a.txt', 'two')
  shared.tree('bob').write('b.txt', 'mine')
  shared.world.run('20 s')
  assert.equal(viewOf(bob).state, 'paused')
  assert.deepEqual([shared.tree('bob').read('a.txt'), shared.tree('ann').read('b.txt')], ['one', null])
  shared.world.act(() => bob.peer.folderResume(null, () => {}))
  shared.holds('a.txt', 'two', ann, bob)
  shared.holds('b.txt', 'mine', ann, bob)
})

test('a peer that leaves politely ends its folder first: what is edited then is told when it is back', () => {
  const shared = new Shared(56)
  const [ann, bob] = ['ann', 'bob'].map((name) => shared.add(name)) as [Node, Node]
  shared.tree('ann').write('a.txt', 'one')
  shared.holds('a.txt', 'one', ann, bob)
  let hasLeft = false
  shared.world.act(() =>
    bob.peer.quit(() => {
      hasLeft = shared.closed.has('bob')
    }),
  )
  shared.world.until(() => hasLeft, '10 s', 'bob to have left')
  shared.tree('ann').write('a.txt', 'two')
  shared.world.run('3 s')
  assert.equal(shared.tree('bob').read('a.txt'), 'one')
  shared.world.exit(bob)
  shared.world.start(bob)
  shared.holds('a.txt', 'two', ann, bob)
})

test('a peer that leaves while its folder is still being opened says nothing of a folder that is paused', () => {
  const shared = new Shared(58)
  const ann = shared.add('ann')
  let hasLeft = false
  shared.world.act(() =>
    ann.peer.quit(() => {
      hasLeft = true
    }),
  )
  shared.world.until(() => hasLeft, '10 s', 'ann to have left')
  assert(!said(ann).some((line) => line.includes('paused')), said(ann).join('\n'))
})

test('receive-only tells nobody, read-only writes nothing', () => {
  const shared = new Shared(57)
  shared.modes.set('quiet', 'receive-only')
  shared.modes.set('loud', 'read-only')
  const [ann, quiet, loud] = ['ann', 'quiet', 'loud'].map((name) => shared.add(name)) as [Node, Node, Node]
  shared.tree('ann').write('a.txt', 'for all')
  shared.tree('quiet').write('mine.txt', 'secret')
  shared.tree('loud').write('news.txt', 'heard')
  shared.holds('a.txt', 'for all', ann, quiet)
  shared.holds('news.txt', 'heard', ann, quiet, loud)
  shared.world.run('20 s')
  assert.deepEqual([shared.tree('ann').read('mine.txt'), shared.tree('loud').read('a.txt')], [null, null])
  assert.deepEqual([viewOf(quiet).mode, viewOf(loud).mode], ['receive-only', 'read-only'])
})

test.run()

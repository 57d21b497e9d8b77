/**
 * Shared folders while users work, peers crash, parts of the network are cut off and disks fill up: afterwards all folders
 * are one, nothing that somebody saved is lost, and nobody says anything more. Bugs planted from outside are found.
 * `npm run sim -- folder` plays as many seeds as one likes.
 */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import { FolderIndex } from '../../src/folder/index.js'
import { IndexStore } from '../../src/folder/index-store.js'
import type { FolderDisk } from '../../src/folder-disk.js'
import { missing, partsOf } from './family.js'
import { makeFolderPlan } from './folder-plan.js'
import { type FolderPlayOptions, playFolder } from './folder-play.js'
import type { SimTree } from './folder-tree.js'

const SEEDS = 30
/** Within so many seeds. */
const MOST_SEEDS = 20

test(`${SEEDS} seeds of work and trouble end with equal folders in which nothing is lost`, () => {
  const [part] = partsOf('folder')
  assert(part)
  const total = new Map<string, number>()
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { counts } = part.play(seed)
    assert.equal(missing(part, seed, counts), null, `seed ${seed} tests too little`)
    for (const [what, count] of Object.entries(counts)) total.set(what, (total.get(what) ?? 0) + count)
    console.log(`seed ${seed}: ${JSON.stringify(counts)}`)
  }
  for (const what of part.expected) assert((total.get(what) ?? 0) > 0, `no ${what} in any seed`)
})

test('the same seed runs the same way twice', () => {
  assert.deepEqual(playFolder(makeFolderPlan(3)), playFolder(makeFolderPlan(3)))
  assert.notEqual(playFolder(makeFolderPlan(4)).hash, playFolder(makeFolderPlan(3)).hash)
})

/** The first seed that finds what is wrong with this. */
function firstToFind(options: FolderPlayOptions): { readonly seed: number; readonly found: string } {
  for (let seed = 1; seed <= MOST_SEEDS; seed++) {
    try {
      playFolder(makeFolderPlan(seed), options)
    } catch (error) {
      assert(error instanceof Error)
      return { seed, found: error.message }
    }
  }
  throw new Error(`not found in ${MOST_SEEDS} seeds`)
}
/** Plants a bug in a class for the time of a search. */
function withBug<T, K extends keyof T>(owner: T, name: K, bug: T[K]): ReturnType<typeof firstToFind> {
  const original = owner[name]
  owner[name] = bug
  try {
    return firstToFind({})
  } finally {
    owner[name] = original
  }
}

test('found: deletions that others tell are ignored', () => {
  const remote = FolderIndex.prototype.remote
  const { seed, found } = withBug(FolderIndex.prototype, 'remote', function (this: FolderIndex, entry, from) {
    return entry.kind === 'deleted' ? { how: 'known' } : remote.call(this, entry, from)
  })
  console.log(`deletions ignored: seed ${seed}: ${found}`)
  assert.match(found, /deleted|not settled/)
})

test('found: deletions are forgotten at a restart', () => {
  const load = IndexStore.prototype.load
  const { seed, found } = withBug(IndexStore.prototype, 'load', function (this: IndexStore) {
    const stored = load.call(this)
    return { ...stored, paths: stored.paths.filter(({ best }) => best.kind !== 'deleted') }
  })
  console.log(`deletions forgotten: seed ${seed}: ${found}`)
  assert.match(found, /deleted|conflict/)
})

test('found: what users saved meanwhile is replaced without another look', () => {
  const { seed, found } = firstToFind({ wrapDisk: hasty })
  console.log(`no second look: seed ${seed}: ${found}`)
  assert.match(found, /only in the trash/)
})

/** A disk that takes whatever stands there for what was expected. */
function hasty(disk: FolderDisk, tree: SimTree): FolderDisk {
  const assemble: FolderDisk['assemble'] = (job) => {
    const late = Object.defineProperty({ ...job }, 'replaces', { get: () => tree.stateOf(job.path) })
    return disk.assemble(late)
  }
  return new Proxy(disk, {
    get: (target, name) => {
      if (name === 'assemble') return assemble
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

test.run()

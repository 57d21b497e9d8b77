/** Random work of a user on a real disk, with and without events: in the end the index knows what stands there. */
import * as assert from 'node:assert'
import { existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import { plainWatch } from '../../src/host/folder/watch.js'
import { agreed, closeAll, type Disk, type Index, markerOf, opened, openedHere } from './folder-scanning.js'
import { temporary } from './support.js'

/** Numbers below `limit` that look random, the same for a seed. */
function numbers(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}

/** A few names, so that files and directories take each other's places. */
function step(root: string, below: (limit: number) => number): void {
  const at = (): string => {
    const depth = 1 + below(3)
    return join(root, ...Array.from({ length: depth }, () => `n${below(4)}`))
  }
  const [path, other] = [at(), at()]
  const isDirectory = existsSync(path) && lstatSync(path).isDirectory()
  switch (below(6)) {
    case 0:
    case 1:
      if (isDirectory || !isPlace(path)) return
      writeFileSync(path, `${below(5)}`.repeat(1 + below(3)))
      return
    case 2:
      if (!existsSync(path) && isPlace(path)) mkdirSync(path)
      return
    case 3:
      if (below(3) === 0 && isPlace(path)) rmSync(path, { recursive: true, force: true })
      return
    case 4:
      if (!existsSync(path) || existsSync(other) || !isPlace(other) || other.startsWith(`${path}/`)) return
      renameSync(path, other)
      return
    default:
      if (isDirectory || !isPlace(path)) return
      writeFileSync(join(root, 'temporary'), `${below(1000)}`)
      renameSync(join(root, 'temporary'), path)
  }
}

/** Whether the directory above is one. */
function isPlace(path: string): boolean {
  const above = join(path, '..')
  return existsSync(above) && lstatSync(above).isDirectory()
}

/** The order of what is told: nothing is told in a directory that is not, and no file has anything below it. */
function checkOrder({ told }: Index): void {
  const kinds = new Map<string, string>()
  for (const { path, state } of told) {
    for (let slash = path.indexOf('/'); slash > 0 && state !== null; slash = path.indexOf('/', slash + 1)) {
      assert.equal(kinds.get(path.slice(0, slash)), 'directory', `${path} was told before what it is in`)
    }
    if (state?.kind !== 'directory') {
      for (const other of kinds.keys()) assert.ok(!other.startsWith(`${path}/`), `${other} is still below ${path}`)
    }
    if (state === null) kinds.delete(path)
    else kinds.set(path, state.kind)
  }
}

async function storm(disk: Disk, root: string, seed: number): Promise<void> {
  const below = numbers(seed)
  for (let burst = 0; burst < 6; burst++) {
    for (let steps = below(300); steps > 0; steps--) step(root, below)
    await new Promise((resolve) => setTimeout(resolve, below(250)))
  }
  await agreed(disk, root)
  checkOrder(disk.index)
}

for (const seed of [1, 2, 3, 4, 5, 6]) {
  test(`events tell all, seed ${seed}`, async () => {
    const root = temporary()
    const disk = await opened(root)
    await storm(disk, root, seed)
    await disk.close()
    const { index } = disk
    const below = numbers(seed + 100)
    for (let steps = 0; steps < 200; steps++) step(root, below)
    await agreed(await opened(root, markerOf(disk), index), root)
    checkOrder(index)
  })

  test(`scans alone tell all, seed ${seed}`, async () => {
    const root = temporary()
    const watch = (absolute: string) => plainWatch(absolute, () => {})
    const disk = await openedHere(root, { watch, pauseMs: 50 })
    await storm(disk, root, seed)
    assert.ok(readdirSync(root).length > 1)
    await disk.close()
  })
}

test('all folders close', closeAll)

test.run()

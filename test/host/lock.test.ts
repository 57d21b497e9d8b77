import * as assert from 'node:assert'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import { lockDirectory } from '../../src/host/lock.js'
import { ownMark } from '../../src/host/process-mark.js'
import { type Child, runChild, temporary, until } from './support.js'

async function race(directory: string, count: number): Promise<readonly Child[]> {
  const children = Array.from({ length: count }, () => runChild('lock', [directory]))
  await until('all processes to be ready', () => children.every(({ lines }) => lines[0] === 'ready'))
  for (const child of children) child.process.stdin?.write('go\n')
  await until('all processes to have tried', () => children.every(({ lines }) => lines.length === 2))
  return children
}

async function kill(children: readonly Child[]): Promise<void> {
  for (const child of children) child.process.kill('SIGKILL')
  await Promise.all(children.map(({ ended }) => ended))
}

test('of several processes exactly one gets a free directory', async () => {
  const children = await race(temporary(), 6)
  const winners = children.filter(({ lines }) => lines[1] === 'got')
  assert.equal(winners.length, 1)
  await kill(children)
})

test('the lock of a killed process goes to exactly one of several that want it', async () => {
  const directory = temporary()
  await kill(await race(directory, 1))
  for (let round = 0; round < 3; round++) {
    const children = await race(directory, 5)
    assert.equal(children.filter(({ lines }) => lines[1] === 'got').length, 1, `round ${round}`)
    await kill(children)
  }
})

test('a loser learns whose it is, and gets it once it was released', () => {
  const directory = temporary()
  const first = lockDirectory(directory)
  assert.ok(first.ok)
  const second = lockDirectory(directory)
  assert.ok(!second.ok)
  assert.equal(second.holder?.pid, process.pid)
  first.lock.release()
  assert.ok(lockDirectory(directory).ok)
})

test('a lock of an earlier boot, of a reused pid, or cut short by a power failure is stale', () => {
  const mark = ownMark()
  for (const content of [
    JSON.stringify({ ...mark, boot: 'another boot' }),
    JSON.stringify({ ...mark, started: '1' }),
    JSON.stringify({ ...mark, pid: 2 ** 22 + 1 }),
    '',
    '{"pid":',
  ]) {
    const directory = temporary()
    writeFileSync(join(directory, 'lock'), content)
    assert.ok(lockDirectory(directory).ok, content)
    assert.deepEqual(readdirSync(directory), ['lock'], 'nothing is left beside the lock')
  }
})

test('the lock of another machine is not ours to judge', () => {
  const directory = temporary()
  writeFileSync(join(directory, 'lock'), JSON.stringify({ ...ownMark(), boot: 'b', host: 'elsewhere' }))
  const taken = lockDirectory(directory)
  assert.ok(!taken.ok)
  assert.equal(taken.holder?.host, 'elsewhere')
})

test.run()

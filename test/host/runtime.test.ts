import * as assert from 'node:assert'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import { ownMark } from '../../src/host/process-mark.js'
import { announce, type RunningEntry, runningPeers, socketPath } from '../../src/host/runtime.js'
import type { Address, Hash, PeerId } from '../../wire/types.js'
import { temporary } from './support.js'

function entry(home: string, fill: string, name: string): RunningEntry {
  const id = fill.repeat(64) as PeerId
  const socket = socketPath(home, id)
  return {
    pid: process.pid,
    id,
    name,
    address: null,
    network: 'home',
    tag: 'f'.repeat(64) as Hash,
    data: '/d',
    socket,
    isAnchor: false,
  }
}

test('running peers are listed by name, with the address they listen on', () => {
  const home = join(temporary(), 'run')
  const bob = announce(home, entry(home, 'a', 'bob'))
  const ann = announce(home, entry(home, 'b', 'ann'))
  bob.update({ address: '127.0.0.1:24000' as Address })
  assert.deepEqual(
    runningPeers(home).map(({ name, address }) => [name, address]),
    [
      ['ann', null],
      ['bob', '127.0.0.1:24000'],
    ],
  )
  ann.remove()
  ann.update({ name: 'late' })
  assert.deepEqual(
    runningPeers(home).map(({ name }) => name),
    ['bob'],
  )
})

test('the entry of a process that is gone is removed', () => {
  const home = join(temporary(), 'run')
  announce(home, entry(home, 'a', 'ann'))
  const dead = { ...entry(home, 'b', 'bob'), mark: { ...ownMark(), started: '1' } }
  writeFileSync(join(home, `${dead.id}.peer.json`), JSON.stringify(dead))
  writeFileSync(join(home, `${'c'.repeat(64)}.peer.json`), '')
  assert.deepEqual(
    runningPeers(home).map(({ name }) => name),
    ['ann'],
  )
  assert.equal(readdirSync(home).length, 1)
})

test('an entry survives that the runtime directory was swept', () => {
  const home = join(temporary(), 'run')
  const ann = announce(home, entry(home, 'a', 'ann'))
  rmSync(home, { recursive: true })
  ann.update({ name: 'eve' })
  assert.deepEqual(
    runningPeers(home).map(({ name }) => name),
    ['eve'],
  )
})

test('a socket path is short enough in any home', () => {
  const id = 'a'.repeat(64) as PeerId
  const deep = join(temporary(), 'x'.repeat(90))
  assert.ok(Buffer.byteLength(socketPath(deep, id)) <= 103)
  assert.ok(socketPath(join(temporary(), 'run'), id).includes('/run/'))
})

test.run()

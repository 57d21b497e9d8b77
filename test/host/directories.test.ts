import * as assert from 'node:assert'
import { mkdirSync, statSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import { deriveNetwork } from '../../src/host/derive.js'
import {
  ANCHOR_DIRECTORY,
  bindToNetwork,
  claimStateDirectory,
  homes,
  openStateDirectory,
  privateDirectory,
  touch,
} from '../../src/host/directories.js'
import { loadKeyPair, peerName, wordsOf } from '../../src/host/identity.js'
import { DEFAULT_NETWORK, networkNames, networkSecret, rememberNetwork } from '../../src/host/secret.js'
import { BEASTS, THINGS } from '../../src/host/words.js'
import { runChild, temporary, until } from './support.js'

test('two first starts, or eight, make one secret', async () => {
  const config = temporary()
  const children = Array.from({ length: 8 }, () => runChild('secret', [config]))
  await until('all processes to be ready', () => children.every(({ lines }) => lines[0] === 'ready'))
  for (const child of children) child.process.stdin?.write('go\n')
  await Promise.all(children.map(({ ended }) => ended))
  const secrets = new Set(children.map(({ lines }) => lines[1]))
  assert.equal(secrets.size, 1)
  assert.match([...secrets][0] ?? '', /^[0-9a-f]{64}$/)
  assert.equal(statSync(join(config, 'networks', 'home.secret')).mode & 0o777, 0o600)
})

test("a ticket's network is remembered, once, and never over another of the same name", () => {
  const config = temporary()
  const secret = new Uint8Array(32).fill(7)
  networkSecret(config, DEFAULT_NETWORK)
  assert.throws(() => rememberNetwork(config, DEFAULT_NETWORK, secret), /another network called "home".*--network/)
  assert.equal(rememberNetwork(config, 'friends', secret), 'friends')
  assert.equal(rememberNetwork(config, 'other', secret), 'friends', 'the same secret keeps its first name')
  assert.equal(rememberNetwork(config, 'friends', secret), 'friends')
  assert.deepEqual(networkNames(config), ['friends', 'home'])
  assert.throws(() => networkSecret(config, '../up'), /no network name/)
})

test('terminals that start at once get a directory each', async () => {
  const data = temporary()
  const children = Array.from({ length: 4 }, () => runChild('claim', [data]))
  await until('all processes to be ready', () => children.every(({ lines }) => lines[0] === 'ready'))
  for (const child of children) child.process.stdin?.write('go\n')
  await until('all processes to have one', () => children.every(({ lines }) => lines.length === 2))
  assert.equal(new Set(children.map(({ lines }) => lines[1])).size, 4)
  for (const child of children) child.process.kill('SIGKILL')
  await Promise.all(children.map(({ ended }) => ended))
})

test('a new terminal takes the most recently used free directory', async () => {
  const data = temporary()
  const own = deriveTagged('home', 1)
  const open = [1, 2, 3].map(() => claimStateDirectory(data, own))
  assert.deepEqual(
    open.map(({ path }) => path),
    [1, 2, 3].map((number) => join(data, 'home', hostname(), String(number))),
  )
  for (const { path } of open) bindToNetwork(path, own)
  await new Promise((resolve) => setTimeout(resolve, 20)) // file times need to differ
  touch(open[1]!.path)
  for (const { lock } of open) lock.release()
  assert.equal(claimStateDirectory(data, own).path, open[1]!.path)
  assert.match(claimStateDirectory(data, deriveTagged('home', 2)).path, /4$/, 'not one of another secret')
})

test('a directory that suits is preferred, however long ago it was used; where none does, the newest is taken', async () => {
  const data = temporary()
  const own = deriveTagged('home', 1)
  const open = [1, 2, 3].map(() => claimStateDirectory(data, own))
  for (const { path } of open) {
    bindToNetwork(path, own)
    await new Promise((resolve) => setTimeout(resolve, 20)) // file times need to differ
    touch(path)
  }
  for (const { lock } of open) lock.release()
  const suits = (path: string): boolean => path === open[0]!.path
  const first = claimStateDirectory(data, own, 'peer', suits)
  assert.equal(first.path, open[0]!.path)
  assert.equal(claimStateDirectory(data, own, 'peer', suits).path, open[2]!.path)
})

test('an anchor that is down keeps its directory, and so does a peer', () => {
  const data = temporary()
  const own = deriveTagged('home', 1)
  const anchor = claimStateDirectory(data, own, 'anchor')
  mkdirSync(join(anchor.path, ANCHOR_DIRECTORY))
  anchor.lock.release()
  const peer = claimStateDirectory(data, own)
  assert.notEqual(peer.path, anchor.path)
  peer.lock.release()
  const again = claimStateDirectory(data, own, 'anchor')
  assert.equal(again.path, anchor.path)
  const second = claimStateDirectory(data, own, 'anchor')
  assert.ok(second.path !== peer.path && second.path !== anchor.path)
  assert.equal(claimStateDirectory(data, own).path, peer.path)
})

test('a directory remembers its network and refuses another', () => {
  const path = join(temporary(), 'peer')
  const { lock } = openStateDirectory(path)
  bindToNetwork(path, deriveTagged('home', 1))
  bindToNetwork(path, deriveTagged('home', 1))
  assert.throws(
    () => bindToNetwork(path, deriveTagged('friends', 2)),
    /belongs to the network "home", not to "friends": start it with --network home/,
  )
  assert.throws(() => bindToNetwork(path, deriveTagged('home', 3)), /secret was replaced/)
  assert.throws(() => openStateDirectory(path), new RegExp(`in use by process ${process.pid}: quit that peer`))
  lock.release()
})

test('a key is made once and kept, a name given once is remembered, else two words stand in', () => {
  const path = temporary()
  const first = loadKeyPair(path)
  assert.equal(loadKeyPair(path).id, first.id)
  assert.equal(statSync(join(path, 'identity.pem')).mode & 0o777, 0o600)
  assert.equal(peerName(path, first.id, null), wordsOf(first.id))
  assert.match(wordsOf(first.id), /^[a-z]+-[a-z]+$/)
  assert.equal(peerName(path, first.id, 'ann'), 'ann')
  assert.equal(peerName(path, first.id, null), 'ann')
  assert.throws(() => peerName(path, first.id, 'two words'), /no name for a peer/)
  for (const words of [BEASTS, THINGS]) assert.equal(new Set(words).size, 256)
})

test('tag, key and genesis seed differ from each other and between networks', () => {
  const values = [1, 2].flatMap((fill) => {
    const { tag, psk, genesisSeed } = deriveNetwork('home', new Uint8Array(32).fill(fill))
    return [tag, Buffer.from(psk).toString('hex'), Buffer.from(genesisSeed).toString('hex')]
  })
  assert.equal(new Set(values).size, 6)
})

test('homes follow P2P_*, then XDG_*, then the home directory; a runtime directory must be private', () => {
  assert.equal(homes({ P2P_DATA_HOME: '/a', XDG_DATA_HOME: '/b' }).data, '/a/p2p-tui')
  assert.equal(homes({ XDG_CONFIG_HOME: '/b' }).config, '/b/p2p-tui')
  assert.equal(homes({ XDG_RUNTIME_DIR: '/run/user/1' }).runtime, '/run/user/1/p2p-tui')
  assert.match(homes({}).config, /\.config\/p2p-tui$/)
  const open = join(temporary(), 'open')
  mkdirSync(open, { mode: 0o755 })
  assert.throws(() => privateDirectory(open), /not private/)
})

function deriveTagged(network: string, fill: number) {
  return { network, tag: deriveNetwork(network, new Uint8Array(32).fill(fill)).tag }
}

test.run()

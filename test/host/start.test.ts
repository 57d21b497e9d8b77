import * as assert from 'node:assert'
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import { runningPeers } from '../../src/host/runtime.js'
import { rememberNetwork } from '../../src/host/secret.js'
import type { Address } from '../../wire/types.js'
import { dialed, listening, world } from './peers.js'
import { called, temporary, until } from './support.js'

const test = suite('starting a peer', { home: world() })

test.after(({ home }) => home.close())

test('peers of one user share a network, know each other, and come back as they were', async ({ home }) => {
  const first = await home.start({ name: 'ann' })
  const second = await home.start()
  assert.equal(first.network.tag, second.network.tag)
  assert.notEqual(first.stateDirectory, second.stateDirectory)
  assert.deepEqual(await called('local peers', (done) => second.env.localPeers(done)), [])
  const { address } = await listening(first.env)
  assert.deepEqual(await called('local peers', (done) => second.env.localPeers(done)), [address])
  assert.deepEqual(await called('local peers', (done) => first.env.localPeers(done)), [])
  assert.equal(runningPeers(home.homes.runtime).find(({ name }) => name === 'ann')?.address, address)
  const seen = await dialed(second.env, address, first.env.identity.id)
  assert.ok(typeof seen === 'object')
  assert.equal(seen.link.peer, first.env.identity.id)
  first.env.store.write([{ put: 'meta', key: 'kept', value: new Uint8Array([1]) }])
  await first.close()
  await until('the link to close', () => seen.closed)
  assert.ok(!runningPeers(home.homes.runtime).some(({ name }) => name === 'ann'))
  const again = await home.start()
  assert.equal(again.env.identity.id, first.env.identity.id)
  assert.equal(again.env.identity.name, 'ann')
  assert.deepEqual(again.env.store.get('meta', 'kept'), new Uint8Array([1]))
})

test('a directory in use, of another network, or without its secret is refused with what to do', async ({ home }) => {
  const data = join(temporary(), 'peer')
  const first = await home.start({ data })
  await assert.rejects(home.start({ data }), /in use by process \d+: quit that peer, or pick another directory with -d/)
  await first.close()
  await assert.rejects(home.start({ data, network: 'friends' }), /belongs to the network "home", not to "friends"/)
  rememberNetwork(home.homes.config, 'club', new Uint8Array(32).fill(1))
  const club = await home.start({ data: join(temporary(), 'peer'), network: 'club' })
  await club.close()
  const again = await home.start({ data: club.stateDirectory })
  assert.equal(again.network.name, 'club', 'the directory knows its network')
  await again.close()
  rmSync(join(home.homes.config, 'networks', 'club.secret'))
  await assert.rejects(home.start({ data: club.stateDirectory }), /secret of the network "club" is not in .*ticket/)
})

test('a start that fails leaves nothing behind', async ({ home }) => {
  const data = join(temporary(), 'peer')
  mkdirSync(data)
  writeFileSync(join(data, 'identity.pem'), 'not a key')
  await assert.rejects(home.start({ data }), /identity.pem holds no usable key/)
  assert.ok(!existsSync(join(data, 'lock')))
  rmSync(join(data, 'identity.pem'))
  const running = runningPeers(home.homes.runtime).length
  const broken = home.start({
    data,
    makePeer: () => {
      throw new Error('the core found a fault')
    },
  })
  await assert.rejects(broken, /the core found a fault/)
  assert.equal(runningPeers(home.homes.runtime).length, running)
  await (await home.start({ data })).close()
})

test('a port in use and an address of somebody else are told apart', async ({ home }) => {
  const { env } = await home.start()
  const { address } = await listening(env)
  const failure = (where: Address) =>
    called<string>('the failure', (done) =>
      env.links.listen(where, {
        listening: () => done('listening'),
        failed: done,
        accepted: () => assert.fail('nobody comes'),
      }),
    )
  assert.equal(await failure(address), 'in-use')
  assert.equal(await failure('192.0.2.1:4000' as Address), 'not-local')
})

test('timers fire once, later, and not after the end', async ({ home }) => {
  const { env, close } = await home.start()
  let inside = true
  await called<null>('the timer', (done) => {
    env.after(-5, () => {
      assert.ok(!inside)
      done(null)
    })
    inside = false
  })
  env.after(5, () => assert.fail('cancelled'))()
  env.after(2 ** 40, () => assert.fail('years too early'))
  env.after(30, () => assert.fail('after the end'))
  await close()
  await close()
  await new Promise((resolve) => setTimeout(resolve, 60))
})

test('an unwritable place says so', async ({ home }) => {
  if (process.getuid?.() === 0) return // root may write anywhere
  const locked = temporary()
  chmodSync(locked, 0o500)
  await assert.rejects(home.start({ data: join(locked, 'peer') }), /permission denied/)
})

test.run()

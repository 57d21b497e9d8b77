import * as assert from 'node:assert/strict'
import { suite } from 'uvu'
import { OperationalError, Tracker } from '../../src/index.js'
import { linked, TestNetwork, until } from './network.js'

const test = suite('library tracker')
const networks: TestNetwork[] = []

function newNetwork(): TestNetwork {
  const network = new TestNetwork()
  networks.push(network)
  return network
}

test.after.each(async () => {
  await Promise.all(networks.splice(0).map((network) => network.close()))
})

test('a tracker brings two joiners of different homes together', async () => {
  const [home, left, right] = [newNetwork(), newNetwork(), newNetwork()]
  await using tracker = new Tracker({ name: 'tracker', homes: home.homes })
  await assert.rejects(tracker.peers(), OperationalError)
  const address = await tracker.startListening('127.0.0.1:0')
  assert.equal((await tracker.status()).role, 'anchor')
  const { ticket, addresses } = await tracker.invite()
  assert.ok(addresses.some((one) => one === address))
  const [ann, bob] = await Promise.all([
    left.open('ann', { join: ticket }),
    right.open('bob', { join: [ticket, address] }),
  ])
  await linked(ann, bob)
  const names = async (): Promise<string[]> => (await tracker.peers()).map(({ name }) => name).sort()
  assert.deepEqual(await names(), ['ann', 'bob'])
  assert.equal((await ann.vote('alice', 'yes')).status, 'added')
  await until('the block at bob', () => bob.status().tip === ann.status().tip)
  await ann.close()
  await until('goodbye at the tracker', () => bob.peers().every(({ name }) => name !== 'ann'))
  assert.deepEqual(await names(), ['bob'])
})

test('a ticket of another network is refused by an open peer', async () => {
  const [home, foreign] = [newNetwork(), newNetwork()]
  const ann = await home.open('ann')
  const stranger = await foreign.open('stranger')
  const { ticket } = await stranger.invite()
  await assert.rejects(ann.connect(ticket), /of another network/)
  await assert.rejects(ann.connect(stranger.status().address), /not this network's secret/)
})

test('a tracker that cannot listen says so, and may try again', async () => {
  const home = newNetwork()
  await using tracker = new Tracker({ homes: home.homes })
  const taken = await tracker.startListening()
  await assert.rejects(tracker.startListening(taken), /another program uses that port/)
  const second = await tracker.startListening('127.0.0.1:0')
  assert.notEqual(second, taken)
  const { name } = await tracker.status()
  await tracker.close()
  await assert.rejects(tracker.startListening(), /closed/)
  await using next = new Tracker({ homes: home.homes })
  await next.startListening()
  assert.equal((await next.status()).name, name, 'the same directory, free again')
})

test.run()

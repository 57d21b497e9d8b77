/** What the swarm is told of dedicated anchors, in which order, while their tasks come and go. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import { TASKS } from '../../src/anchor/task.js'
import type { PeerView } from '../../src/api.js'
import type { Env } from '../../src/env.js'
import { chainId } from '../../src/ledger/genesis.js'
import { EASY_PARAMS } from '../../src/ledger/params.js'
import { Membership } from '../../src/membership/membership.js'
import type { SwarmMesh } from '../../src/membership/swarm-mesh.js'
import type { Message } from '../../wire/messages.js'
import type { PeerId } from '../../wire/types.js'
import { Scene } from '../anchor/scene.js'
import type { Setup } from '../sim/node.js'
import { Random } from '../sim/random.js'
import { Witness } from './town.js'

class AnchorWitness extends Witness {
  readonly received: [from: PeerId, type: Message['type']][] = []
  receive(from: PeerId, message: Message): void {
    this.received.push([from, message.type])
  }
  filesUp(): void {}
}

class User {
  readonly control = new Witness()
  readonly swarm = new AnchorWitness()
  readonly membership: Membership
  readonly mesh: SwarmMesh

  constructor(env: Env, { listen, join }: Setup) {
    const chain = chainId(env.network.genesisSeed, EASY_PARAMS)
    this.membership = new Membership(
      env,
      { listen, join, pingIntervalMs: 500 },
      {
        protocols: () => [this.control, this.mesh],
        receive: () => {},
        dataLink: () => ({ message: () => {}, drained: () => {}, closed: () => {} }),
        claim: () => ({ chain, tip: chain, height: 0, work: 0n }),
        changed: () => {},
      },
    )
    this.mesh = this.membership.swarmMesh(() => this.swarm)
    this.membership.start((result) => {
      if (!result.ok) env.fatal(result.message)
    })
  }

  peers(): readonly PeerView[] {
    return this.membership.peers()
  }
}

function sceneOf(seed: number, peers: number) {
  const scene = new Scene(seed, {}, (env, setup) => new User(env, setup))
  const anchor = scene.addAnchor()
  const users = scene.addPeers(peers).map((node) => node.peer as User)
  scene.settled()
  return { scene, anchor, users, world: scene.world }
}

test('for the swarm an anchor is linked while its manifests task is, for the others while admission is', () => {
  const { anchor, users, world } = sceneOf(41, 3)
  const all = (holds: (user: User) => boolean, what: string): void =>
    world.until(() => users.every(holds), '20 s', what)
  all(({ swarm, control }) => swarm.up.has(anchor.id) && control.up.has(anchor.id), 'both up')
  anchor.kill('manifests')
  all(({ swarm, mesh }) => !swarm.up.has(anchor.id) && !mesh.isLinked(anchor.id), 'the link of the swarm down')
  assert.ok(users.every(({ control, swarm }) => control.up.has(anchor.id) && swarm.members.has(anchor.id)))
  anchor.start('manifests')
  all(({ swarm }) => swarm.up.has(anchor.id), 'the link of the swarm up again')
  anchor.kill('admission')
  all(({ control }) => !control.up.has(anchor.id), 'the control link down')
  world.run('10 s')
  assert.ok(users.every(({ control, swarm }) => control.members.has(anchor.id) && swarm.up.has(anchor.id)))
  anchor.kill('manifests', 'files')
  all(({ control, swarm }) => !control.members.has(anchor.id) && !swarm.members.has(anchor.id), 'the anchor lost')
})

test('the log says once that a task of an anchor is not there, and that it is back', () => {
  const { scene, anchor, world } = sceneOf(44, 2)
  const lines = (): readonly string[] => scene.peers[0]?.log.map(({ text }) => text) ?? []
  const told = (text: string): number => lines().filter((line) => line === text).length
  anchor.kill('files')
  const lost = 'anchor anchor-0: no link with files, dialing it again'
  world.until(() => told(lost) === 1, '20 s', 'the word of the loss')
  world.run('5 s')
  anchor.start('files')
  world.until(() => told('anchor anchor-0: files is back') === 1, '40 s', 'the word of the return')
  assert.equal(told(lost), 1)
  assert.equal(lines().filter((line) => /manifests is back|with manifests/.test(line)).length, 0)
})

test('a message goes to the task that it concerns', () => {
  const { anchor, users, world } = sceneOf(42, 1)
  const [user] = users
  assert.ok(user)
  const id = '0'.repeat(64) as PeerId
  const answers = (type: Message['type']): number => user.swarm.received.filter(([, got]) => got === type).length
  const counts = (): number => anchor.core('manifests').counts().served
  const before = counts()
  world.act(() => user.mesh.send(anchor.id, { type: 'nameFind', request: 1, name: 'film' }))
  world.until(() => answers('nameFound') === 1, '5 s', 'an answer of manifests')
  assert.equal(counts(), before + 1)
  // files does not know that file and asks for its manifest; manifests would refuse
  world.act(() => user.mesh.send(anchor.id, { type: 'keepAsk', manifests: [id], leaving: false }))
  world.until(() => answers('manifestWant') > 0, '5 s', 'a question of files')
  assert.equal(answers('keepRefused'), 0)
})

for (const seed of [1, 2, 3, 4]) {
  test(`protocols hear joined, up, down, left in order while tasks die, seed ${seed}`, () => {
    const { scene, anchor, users, world } = sceneOf(50 + seed, 3)
    const random = new Random(seed, 5)
    for (let round = 0; round < 30; round++) {
      const task = TASKS[random.int(TASKS.length)] ?? 'files'
      const node = anchor.node(task)
      if (node.alive) world.kill(node)
      else world.start(node)
      world.run(random.int(3000))
    }
    for (const task of TASKS) if (!anchor.node(task).alive) anchor.start(task)
    scene.settled('90 s')
    for (const user of users) assert.ok(user.swarm.up.has(anchor.id) && user.control.up.has(anchor.id))
    assert.deepEqual(world.network.violations, [])
  })
}

test.run()

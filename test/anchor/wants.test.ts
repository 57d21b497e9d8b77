/** What the files task waits for is bounded for each peer and in all, and whoever finds no room hears of it. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { Message } from '../../wire/messages.js'
import type { Hash } from '../../wire/types.js'
import type { SimLink } from '../sim/link.js'
import { api, Scene, store } from './scene.js'

const FILES = 1_300 // more manifests than the files task waits for of one peer

test('of a peer that asks for very many copies at once all are made', () => {
  const scene = new Scene(51)
  const [publisher] = scene.addPeers(1)
  assert.ok(publisher)
  const { world } = scene
  for (let name = 0; name < FILES; name++) {
    publisher.files.put(`/home/${name}`, 1, name)
    scene.wait('store', (done) => api(publisher).store(`/home/${name}`, {}, () => {}, done))
  }
  const anchor = scene.addAnchor()
  const [address] = anchor.options.addresses.admission
  assert.ok(address)
  world.act(() => api(publisher).join(address, () => {}))
  world.until(() => anchor.core('files').counts().known === FILES, '300 s', 'a copy of all')
})

test('a member that asks for what does not exist keeps no other from being heard', () => {
  let serial = 0
  const made = (): Hash => (++serial).toString(16).padStart(64, '0') as Hash
  const scene: Scene = new Scene(52, {
    tamper: {
      outgoing: (link: SimLink, message: Message) =>
        message.type === 'ping' && link.service === 'files' && liar?.life?.process === link.process
          ? { type: 'keepAsk', manifests: Array.from({ length: 256 }, made), leaving: false }
          : message,
      incoming: () => {},
    },
  })
  const { world } = scene
  const anchor = scene.addAnchor()
  const [liar, honest] = scene.addPeers(4)
  assert.ok(liar && honest)
  scene.settled()
  world.run('20 s')
  assert.ok(serial > 4_096, 'more than the files task waits for in all')
  store(scene, honest, 'song', 1, 1)
  world.until(() => anchor.core('files').counts().known === 1, '60 s', 'a copy of what there is')
})

test.run()

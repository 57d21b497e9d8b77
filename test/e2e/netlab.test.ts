/** Hosts that share nothing but a cable: they meet by ticket, and a joiner is reachable for the next one. */
import assert from 'node:assert'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import { Netlab, whyNoNetlab } from './netlab.js'

const MEET_MS = 30_000
const WALLED_PORT = 4999

const missing = whyNoNetlab()
if (missing !== null) console.log(`SKIPPED: hosts in network namespaces (${missing})`)
const inLab = missing === null ? test : test.skip

async function withLab(names: readonly string[], body: (lab: Netlab) => Promise<void>): Promise<void> {
  const lab = new Netlab(names)
  try {
    await body(lab)
  } finally {
    await lab.close()
  }
}

inLab('two hosts join by ticket; a vote and a file cross the network', () =>
  withLab(['ann', 'bob'], async ({ hosts: [ann, bob] }) => {
    assert.ok(ann && bob)
    await ann.start(['--lan'])
    const { ticket, addresses } = await ann.json<{ ticket: string; addresses: string[] }>('invite')
    assert.ok(
      addresses.some((address) => address.startsWith(`${ann.address}:`)),
      addresses.join(' '),
    )
    await bob.start(['--join', '-'], `${ticket}\n`)
    await Promise.all([ann.sees(1, MEET_MS), bob.sees(1, MEET_MS)])
    const { addresses: opened } = await bob.json<{ addresses: string[] }>('invite')
    assert.ok(
      opened.some((address) => address.startsWith(`${bob.address}:`)),
      `a joiner listens where it can be reached: ${opened.join(' ')}`,
    )

    assert.strictEqual((await bob.json<{ status: string }>('vote', 'bea', 'yes')).status, 'added')
    const refused = await ann.run(['vote', 'bea', 'no', '--json'])
    assert.strictEqual(refused.exit, 1, refused.stderr)

    const bytes = Buffer.alloc(700_000, 'netlab ')
    writeFileSync(join(ann.home, 'song.bin'), bytes)
    await ann.json('store', 'song.bin')
    const { path } = await bob.json<{ path: string }>('request', 'song.bin')
    assert.ok(readFileSync(path).equals(bytes))
  }),
)

inLab('a joiner invites the next one, and all find each other; a pulled cable heals', () =>
  withLab(['ann', 'bob', 'cid'], async ({ hosts: [ann, bob, cid] }) => {
    assert.ok(ann && bob && cid)
    await ann.start(['--lan'])
    const first = await ann.json<{ ticket: string }>('invite')
    await bob.start(['--join', '-'], `${first.ticket}\n`)
    await bob.sees(1, MEET_MS)
    const second = await bob.json<{ ticket: string }>('invite')
    await cid.start(['--join', '-'], `${second.ticket}\n`)
    await Promise.all([ann, bob, cid].map((host) => host.sees(2, MEET_MS)))

    cid.cable('down')
    await Promise.all([ann.sees(1, MEET_MS), bob.sees(1, MEET_MS), cid.sees(0, MEET_MS)])
    cid.cable('up')
    await Promise.all([ann, bob, cid].map((host) => host.sees(2, MEET_MS)))
  }),
)

inLab('a host behind a firewall shares and stores: it dials those who fetch from it', () =>
  withLab(['ann', 'bob', 'cid'], async ({ hosts: [ann, bob, cid] }) => {
    assert.ok(ann && bob && cid)
    await ann.start(['--lan'])
    const { ticket } = await ann.json<{ ticket: string }>('invite')
    for (const host of [bob, cid]) {
      host.wallOff(WALLED_PORT)
      await host.start(['--join', '-', '--listen', `${host.address}:${WALLED_PORT}`], `${ticket}\n`)
    }
    await ann.until('two peers that only dial out', MEET_MS, async () => {
      const peers = await ann.json<{ role: string }[]>('peers')
      return peers.filter(({ role }) => role === 'dial-out').length === 2
    })

    const song = Buffer.alloc(3_000_000, 'shared ')
    writeFileSync(join(bob.home, 'song.bin'), song)
    await bob.json('share', 'song.bin')
    const got = await ann.json<{ path: string; sources: { id: string }[] }>('request', 'song.bin')
    assert.ok(readFileSync(got.path).equals(song))
    assert.strictEqual(got.sources.length, 1)

    const film = Buffer.alloc(2_000_000, 'stored ')
    writeFileSync(join(cid.home, 'film.bin'), film)
    await cid.json('store', 'film.bin')
    const { path } = await bob.json<{ path: string }>('request', 'film.bin')
    assert.ok(readFileSync(path).equals(film), 'from the keeper between the two')
  }),
)

inLab('a silent address and a closed port are told apart', () =>
  withLab(['ann', 'bob'], async ({ hosts: [ann, bob] }) => {
    assert.ok(ann && bob)
    await ann.start([])
    const closed = await ann.run(['join', `${bob.address}:4999`])
    assert.strictEqual(closed.exit, 1)
    assert.match(closed.stderr, /refused/)
    const silent = await ann.run(['join', '10.91.0.77:4999'])
    assert.strictEqual(silent.exit, 1)
    assert.match(silent.stderr, /unreachable|no route|timed out|does not answer/i)
  }),
)

test.run()

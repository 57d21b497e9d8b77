/** Machines of one user on one local network find each other with `--lan` alone. */
import assert from 'node:assert'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import { type LabHost, Netlab, whyNoNetlab, whyNoWeather } from './netlab.js'

const MEET_MS = 30_000
const LIAR = fileURLToPath(new URL('./children/mdns-liar.js', import.meta.url))

const missing = whyNoNetlab()
if (missing !== null) console.log(`SKIPPED: hosts in network namespaces (${missing})`)
const inLab = missing === null ? test : test.skip
const dry = missing ?? whyNoWeather()
if (dry !== null) console.log(`SKIPPED: a slow and lossy network (${dry})`)
const inRain = dry === null ? test : test.skip

async function withLab(
  names: readonly string[],
  body: (hosts: readonly LabHost[]) => Promise<void>,
  family: 'v4' | 'v6' = 'v4',
): Promise<void> {
  const lab = new Netlab(names, family)
  try {
    await body(lab.hosts)
  } finally {
    await lab.close()
  }
}

/** The same user on another machine: the configuration, with the network's secret, was copied there. */
function sameUser(from: LabHost, to: LabHost): void {
  cpSync(join(from.home, 'config'), join(to.home, 'config'), { recursive: true })
}

inLab('--lan alone: three machines meet, whoever starts first, and one that restarts is found again', () =>
  withLab(['ann', 'bob', 'cid'], async ([ann, bob, cid]) => {
    assert.ok(ann && bob && cid)
    await ann.start(['--lan'])
    for (const host of [bob, cid]) {
      sameUser(ann, host)
      await host.start(['--lan'])
    }
    await Promise.all([ann, bob, cid].map((host) => host.sees(2, MEET_MS)))
    const bytes = Buffer.alloc(500_000, 'local ')
    writeFileSync(join(cid.home, 'song.bin'), bytes)
    await cid.json('store', 'song.bin')
    const { path } = await ann.json<{ path: string }>('request', 'song.bin')
    assert.ok(readFileSync(path).equals(bytes))
  }),
)

inRain('--lan alone finds the others on a slow network that loses packets, and a file crosses it', () =>
  withLab(['ann', 'bob', 'cid'], async ([ann, bob, cid]) => {
    assert.ok(ann && bob && cid)
    for (const host of [ann, bob, cid]) host.worsen()
    await ann.start(['--lan'])
    for (const host of [bob, cid]) {
      sameUser(ann, host)
      await host.start(['--lan'])
    }
    await Promise.all([ann, bob, cid].map((host) => host.sees(2, MEET_MS)))
    const bytes = Buffer.alloc(200_000, 'rain ')
    writeFileSync(join(bob.home, 'song.bin'), bytes)
    await bob.json('share', 'song.bin')
    const { path } = await cid.json<{ path: string }>('request', 'song.bin')
    assert.ok(readFileSync(path).equals(bytes))
  }),
)

inLab('another network on the same cable is neither met nor dialed', () =>
  withLab(['ann', 'eve', 'dan'], async ([ann, eve, dan]) => {
    assert.ok(ann && eve && dan)
    await ann.start(['--lan'])
    await eve.start(['--lan'])
    sameUser(ann, dan)
    await dan.start(['--lan'])
    await Promise.all([ann.sees(1, MEET_MS), dan.sees(1, MEET_MS)])
    assert.deepStrictEqual(await eve.json<unknown[]>('peers'), [])
    for (const host of [ann, eve, dan]) {
      for (const { text } of await host.json<{ text: string }[]>('log')) assert.doesNotMatch(text, /secret|refused/)
    }
  }),
)

inLab('a stranger who answers every question with peers that do not exist keeps nobody apart', () =>
  withLab(['ann', 'bob', 'eve'], async ([ann, bob, eve]) => {
    assert.ok(ann && bob && eve)
    assert.strictEqual(await eve.script(LIAR, eve.address), 'ready')
    await ann.start(['--lan'])
    sameUser(ann, bob)
    await bob.start(['--lan'])
    await Promise.all([ann, bob].map((host) => host.sees(1, MEET_MS)))
    for (const host of [ann, bob]) assert.strictEqual((await host.json<unknown[]>('peers')).length, 1)
  }),
)

inLab('machines with nothing but IPv6 meet with --lan, and by ticket', () =>
  withLab(
    ['ann', 'bob', 'cid'],
    async ([ann, bob, cid]) => {
      assert.ok(ann && bob && cid)
      await ann.start(['--lan'])
      sameUser(ann, bob)
      await bob.start(['--lan'])
      await ann.sees(1, MEET_MS)
      const { ticket, addresses } = await bob.json<{ ticket: string; addresses: string[] }>('invite')
      assert.ok(
        addresses.some((address) => address.startsWith(`[${bob.address}]:`)),
        addresses.join(' '),
      )
      await cid.start(['--join', '-'], `${ticket}\n`)
      await Promise.all([ann, bob, cid].map((host) => host.sees(2, MEET_MS)))
    },
    'v6',
  ),
)

inLab('invite --lan opens a peer to the machines around it', () =>
  withLab(['ann', 'bob'], async ([ann, bob]) => {
    assert.ok(ann && bob)
    await ann.start([])
    const { addresses } = await ann.json<{ addresses: string[] }>('invite', '--lan')
    assert.ok(addresses.some((address) => address.startsWith(`${ann.address}:`)))
    sameUser(ann, bob)
    await bob.start(['--lan'])
    await Promise.all([ann.sees(1, MEET_MS), bob.sees(1, MEET_MS)])
  }),
)

inLab('why another machine cannot be joined is told in words of its own', () =>
  withLab(['ann', 'eve'], async ([ann, eve]) => {
    assert.ok(ann && eve)
    const { address } = await ann.start(['--listen', `${ann.address}:4444`])
    assert.ok(address)
    await eve.start([])
    const failure = async (where: string): Promise<string> => {
      const { exit, stderr } = await eve.run(['join', where])
      assert.strictEqual(exit, where.startsWith('p2p1') ? 2 : 1, `${where}: ${stderr}`)
      return stderr
    }
    assert.match(await failure(`${ann.address}:4444`), /secret/)
    assert.match(await failure(`${ann.address}:4445`), /refused/)
    assert.match(await failure('10.91.0.77:4444'), /unreachable|no route|timed out|does not answer/i)
    assert.match(await failure('no-such-host.invalid:4444'), /unknown host|no such host|name/i)
    assert.match(await failure('p2p1abcdefghijklmnop'), /ticket/)
  }),
)

test.run()

/** Hosts in network namespaces whose cables are pulled, and a switch that falls in two: the rings of both sides, and after. */
import assert from 'node:assert'
import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import type { ChainView, LogLine, RingView, TallyView, VoteView } from '../../src/api.js'
import { oneCircle, type Placed } from './circle.js'
import { type LabHost, Netlab, whyNoNetlab } from './netlab.js'

const RING_MS = 60_000
/** Promised where cables are cut: 1.5 s; the rest is what asking takes. */
const CUT_MS = 5 * 1_500 + 10_000
/** Membership's own silence, and then its dials in vain. */
const LOST_MS = 60_000
const HEAL_MS = 120_000
const AGREE_MS = 60_000

const missing = whyNoNetlab()
if (missing !== null) console.log(`SKIPPED: cut cables and partitions in network namespaces (${missing})`)
const inLab = missing === null ? test : test.skip

type Host = LabHost & Placed

/** Hosts that joined one after the other, as one ring. */
async function withRing(names: readonly string[], body: (hosts: readonly Host[], lab: Netlab) => Promise<void>) {
  const lab = new Netlab(names)
  try {
    const [first, ...rest] = lab.hosts
    assert.ok(first)
    const ids = [(await first.start(['--lan'])).id]
    const { ticket } = await first.json<{ ticket: string }>('invite')
    for (const host of rest) ids.push((await host.start(['--join', '-'], `${ticket}\n`)).id)
    const hosts = lab.hosts.map((host, place) =>
      Object.assign(host, { id: ids[place] ?? '', ring: () => host.json<RingView>('ring') }),
    )
    await oneCircle(hosts, RING_MS)
    await body(hosts, lab)
  } finally {
    await lab.close()
  }
}

/** So long that membership has given those up, too, who are behind the cut. */
async function forgotten(hosts: readonly Host[], cut: readonly Host[]): Promise<void> {
  for (const host of hosts) {
    await host.until(`${cut.map(({ name }) => name)} to be lost`, LOST_MS, async () => {
      const texts = (await host.json<readonly LogLine[]>('log')).map(({ text }) => text)
      return cut.every(({ name }) => texts.includes(`Peer disconnected: ${name} (lost)`))
    })
  }
}

async function stored(host: Host, name: string): Promise<Buffer> {
  const content = randomBytes(400_000)
  writeFileSync(join(host.home, name), content)
  await host.json('store', name)
  rmSync(join(host.home, name)) // what follows comes from its keepers
  return content
}

async function fetches(host: Host, name: string, content: Buffer): Promise<void> {
  const target = join(host.home, `${name}-back`)
  await host.json('request', name, '-o', target)
  assert.ok(readFileSync(target).equals(content), `${name} at ${host.name}`)
  rmSync(target)
}

inLab('a cut cable: both sides close their ring, and are one again when it is plugged in', () =>
  withRing(['ann', 'bob', 'cid', 'dot'], async (hosts) => {
    const [ann, bob, cid, dot] = hosts
    assert.ok(ann && bob && cid && dot)
    const before = await stored(dot, 'before.bin')

    cid.cable('down')
    await oneCircle([ann, bob, dot], CUT_MS)
    await oneCircle([cid], CUT_MS)
    await forgotten([ann, bob, dot], [cid])
    await forgotten([cid], [ann, bob, dot])
    await fetches(cid, 'before.bin', before) // four copies on four hosts
    const during = await stored(ann, 'during.bin')

    cid.cable('up')
    await oneCircle(hosts, HEAL_MS)
    await fetches(cid, 'during.bin', during)
  }),
)

inLab(
  'three and three: each half is a ring that stores and votes; healed, all files and one chain are everywhere',
  () =>
    withRing(['ann', 'bob', 'cid', 'dot', 'eve', 'fay'], async (hosts, lab) => {
      const [ann, bob, cid, dot, eve, fay] = hosts
      assert.ok(ann && bob && cid && dot && eve && fay)
      const left = [ann, bob, cid] as const
      const right = [dot, eve, fay] as const
      const files = new Map([['whole.bin', await stored(eve, 'whole.bin')]])
      const vote = async (host: Host, voter: string, choice: string): Promise<void> => {
        assert.strictEqual((await host.json<VoteView>('vote', voter, choice)).status, 'added')
      }
      await vote(ann, 'first', 'yes')

      lab.split(right)
      await Promise.all([left, right].map((half) => oneCircle(half, CUT_MS)))
      await Promise.all([forgotten(left, right), forgotten(right, left)])
      for (const [place, [storer, voter, fetcher]] of [left, right].entries()) {
        const name = `half-${place}.bin`
        const content = await stored(storer, name)
        files.set(name, content)
        await fetches(fetcher, name, content)
        await vote(voter, `half-${place}`, 'yes')
        await vote(voter, 'both', `side-${place}`) // one of the two will count
      }
      await vote(bob, 'more-work', 'yes')

      lab.join()
      await oneCircle(hosts, HEAL_MS)
      await Promise.all(hosts.map((host) => agrees(host, ann)))
      for (const host of hosts) for (const [name, content] of files) await fetches(host, name, content)
    }),
)

/** One chain, with everybody's ballots in it and one of those that exclude each other. */
async function agrees(host: Host, other: Host): Promise<void> {
  let told = ''
  await host
    .until('all ballots and the tip of the others', AGREE_MS, async () => {
      const { choices, total } = await host.json<TallyView>('tally')
      const [own, its] = await Promise.all([host, other].map((one) => one.json<ChainView>('chain')))
      told = JSON.stringify({ choices, own: own?.tip, its: its?.tip })
      return choices.yes === 4 && total === 5 && own?.tip === its?.tip
    })
    .catch((error: unknown) => assert.fail(`${error}: ${told}`))
}

test.run()

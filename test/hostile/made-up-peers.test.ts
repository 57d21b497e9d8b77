/**
 * One member that signs entries of peers which do not exist, thousands of them: the list, the table, the log, the dials
 * and the memory of its victim stay bounded, and who comes honestly is let in meanwhile.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import { encodeCanonical, signedText } from '../../wire/canonical.js'
import { MAX_ENTRIES, type PeerEntry, peerBody } from '../../wire/messages/membership.js'
import type { Address, Hash } from '../../wire/types.js'
import { type Cluster, inCluster } from '../e2e/cluster.js'
import { newIdentity } from '../wire/support.js'
import { HostileMember } from './member-of-network.js'

const test = suite('made-up peers against a running peer')

const COUNT = 4000
/** Entries taken at once and a few a second: far from what the 4,000 took. */
const MOST_GROWTH_MB = 30

test(
  'thousands of made-up peers cost little, are not shown, and a newcomer still joins',
  inCluster(async (cluster: Cluster) => {
    const vic = cluster.start('vic', '--mine', 'never')
    const victim = await vic.ready
    await cluster.start('good').ready
    await cluster.meshed(['vic', 'good'])
    const evil = await HostileMember.join(cluster, victim)
    const entries = Array.from({ length: COUNT }, (_, at) => madeUp(evil.chain, at))
    const before = memoryMb(vic.pid)
    for (let version = 1; version * MAX_ENTRIES <= COUNT; version++) {
      const some = entries.slice((version - 1) * MAX_ENTRIES, version * MAX_ENTRIES)
      evil.say({ type: 'peers', version, complete: 'delta', entries: some, lost: [] })
    }
    await cluster.start('new').ready
    const rows = await cluster.until(
      'the newcomer in the table of the victim',
      () => cluster.json<readonly { name: string; state: string }[]>(['peers'], { on: 'vic' }),
      (peers) => peers.some(({ name, state }) => name === 'new' && state === 'up'),
    )
    assert.ok(rows.length <= 3 + 8, `${rows.length} rows`)
    assert.equal(evil.link.end, null)
    const grown = memoryMb(vic.pid) - before
    assert.ok(grown < MOST_GROWTH_MB, `${grown} MB more`)
    await evil.close()
  }),
)

function madeUp(chain: Hash, at: number): PeerEntry {
  const identity = newIdentity()
  const body = {
    publicKey: identity.publicKey,
    name: `made-up-${at}`,
    startTime: 1,
    sequence: 1,
    role: 'anchor' as const,
    state: 'up' as const,
    addresses: [`127.0.0.1:${1 + at}` as Address],
    tasks: [],
  }
  return { ...body, signature: identity.sign(signedText('peer', chain, encodeCanonical(peerBody, body))) }
}

function memoryMb(pid: number): number {
  return Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

test.run()

/** What `peers` and `log` tell of real processes: rates, program, uptime, score, and the lines of the older systems. */
import assert from 'node:assert'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import type { LogLine, PeerView, StoredView } from '../../src/api.js'
import { SOFTWARE } from '../../src/cli/version.js'
import { type Cluster, inCluster } from './cluster.js'

const test = suite('views')

const seen = async (cluster: Cluster, on: string, name: string): Promise<PeerView> => {
  const found = (await cluster.json<PeerView[]>(['peers'], { on })).find((view) => view.name === name)
  assert.ok(found, `${on} sees no ${name}`)
  return found
}

test(
  'peers tells the program, since when a peer is up, its score, and what moves while a file comes',
  inCluster(async (cluster) => {
    const began = Date.now()
    await cluster.startAll(['ada', 'bob'])
    await cluster.meshed(['ada', 'bob'])
    const idle = await seen(cluster, 'bob', 'ada')
    assert.strictEqual(idle.software, SOFTWARE)
    assert.strictEqual(idle.score, 100)
    assert.ok(idle.since !== null && idle.since >= began && idle.since <= Date.now(), `${idle.since}`)
    writeFileSync(join(cluster.folder('ada'), 'film'), randomBytes(256 * 1024 * 1024))
    await cluster.json<StoredView>(['share', 'film'], { on: 'ada' })
    const coming = cluster.run(['request', 'film', '--json'], { on: 'bob' })
    await cluster.until(
      'megabytes a second from ada, though nobody looks in between',
      () => seen(cluster, 'bob', 'ada'),
      ({ down }) => down > 2_000_000,
    )
    assert.strictEqual((await coming).exit, 0)
    await cluster.until(
      'bob and ada to rest again',
      () => Promise.all([seen(cluster, 'bob', 'ada'), seen(cluster, 'ada', 'bob')]),
      (both) => both.every(({ down, up }) => down < 5000 && up < 5000),
    )
    assert.strictEqual((await seen(cluster, 'bob', 'ada')).since, idle.since)

    const info = await cluster.json<LogLine[]>(['log', '--level', 'info'], { on: 'ada' })
    const classic = [/^Listening for peers on/, /^New peer connection from bob/, /^SYN received from bob/]
    for (const line of [...classic, /^My new first successor is bob/, /^Request for file film received from bob/])
      assert.ok(
        info.some(({ level, text }) => level === 'info' && line.test(text)),
        `${line} in ada's log`,
      )
    assert.ok(info.every(({ level, time }) => level !== 'debug' && time >= began))
    const last = await cluster.json<LogLine[]>(['log', '--last', '2'], { on: 'ada' })
    assert.strictEqual(last.length, 2)
  }),
)

test.run()

/** `--quota` of real peers: refused where it is no size, shown by `status`, and kept. */
import assert from 'node:assert'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import type { StatusView } from '../../src/api.js'
import { inCluster } from './cluster.js'

const test = suite('quota')
const MIB = 1024 * 1024

test(
  'nonsense exits 2 and says what is meant',
  inCluster(async (cluster) => {
    const ended = await cluster.run(['--headless', '--quota', 'plenty'])
    assert.strictEqual(ended.exit, 2)
    assert.match(ended.stderr, /--quota takes a size such as 500M or 10G, not "plenty"/)
  }),
)

test(
  'peers without room refuse a store, which exits 1; what fits is kept and shown',
  inCluster(async (cluster) => {
    const names = ['ada', 'bob', 'cy']
    await cluster.startAll(names, '--quota', '3M')
    await cluster.meshed(names)
    writeFileSync(join(cluster.folder('ada'), 'big.bin'), randomBytes(4 * MIB))
    writeFileSync(join(cluster.folder('ada'), 'small.bin'), randomBytes(2 * MIB))
    const refused = await cluster.run(['store', 'big.bin'], { on: 'ada' })
    assert.strictEqual(refused.exit, 1, refused.stderr)
    assert.match(refused.stderr, /no peer has room for "big.bin"/)
    await cluster.json(['store', 'small.bin'], { on: 'ada' })
    for (const on of names) {
      const status = await cluster.until(
        `the copy at ${on}`,
        () => cluster.json<StatusView>(['status'], { on }),
        ({ keptBytes }) => keptBytes === 2 * MIB,
      )
      assert.strictEqual(status.quotaBytes, 3 * MIB)
    }
    const { stdout } = await cluster.run(['status'], { on: 'bob' })
    assert.match(stdout, /2\.1 MB of copies kept, room for 3\.1 MB/)
  }),
)

test.run()

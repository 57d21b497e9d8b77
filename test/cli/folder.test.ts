/** `folder` as a shell and a console show it, over views as a peer would give them. */
import assert from 'node:assert'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import type { FolderConflict, FolderView, PeerApi, TrashView } from '../../src/api.js'
import { conflictCalled, numbered } from '../../src/cli/conflicts.js'
import type { CommandContext, CommandHost, Outcome } from '../../src/cli/outcome.js'
import { parseWords } from '../../src/cli/parse.js'
import { runCommand } from '../../src/cli/run.js'
import { VERSION } from '../../src/cli/version.js'
import { NO_FOLDER } from '../../src/folder/no-folder.js'
import { conflictOf, folderView } from '../ui/network.js'

const test = suite('folder commands')
const NOW_S = 1_700_000_000
const root = mkdtempSync(join(tmpdir(), 'p2p-folder-'))

test.after(() => rmSync(root, { recursive: true, force: true }))

const TRASH: readonly TrashView[] = [{ id: '7f', path: 'notes/a.txt', size: 1200, time: NOW_S * 1000 }]

/** What the peer was asked to do. */
type Asked = readonly unknown[]

async function run(line: string, view: FolderView | null): Promise<Outcome & { readonly asked: readonly Asked[] }> {
  const asked: Asked[] = []
  const after = (change: Partial<FolderView>): FolderView => ({ ...(view ?? folderView(NOW_S)), ...change })
  const peer: Partial<PeerApi> =
    view === null
      ? NO_FOLDER
      : {
          folder: () => view,
          folderPause: () => {
            asked.push(['pause'])
            return { ok: true, value: after({ state: 'paused' }) }
          },
          folderResume: (answer, done) => {
            asked.push(['resume', answer])
            if (view.heldDeletions > 0 && answer === null)
              done({ ok: false, kind: 'refused', message: 'say --delete or --restore' })
            else done({ ok: true, value: after({ state: 'in sync', reason: '' }) })
          },
          folderKeep: (copy, choice, done) => {
            asked.push(['keep', copy, choice])
            done({ ok: true, value: after({ conflicts: view.conflicts.filter((one) => one.copy !== copy) }) })
          },
          folderTrash: (done) => done({ ok: true, value: TRASH }),
          folderRestore: (what, done) => {
            const found = TRASH.find(({ id, path }) => id === what || path === what)
            asked.push(['restore', what])
            if (found === undefined) done({ ok: false, kind: 'refused', message: `${what} is not in the trash` })
            else done({ ok: true, value: found })
          },
        }
  const parsed = parseWords(line.split(' '), VERSION)
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.text)
  const context: CommandContext = {
    host: { peer } as CommandHost,
    cwd: '/',
    pictures: false,
    columns: 0,
    progress: () => {},
    signal: new AbortController().signal,
    timeoutMs: undefined,
  }
  return { ...(await runCommand(context, parsed.invocation)), asked }
}

const text = ({ lines, message }: Outcome): string => (lines ?? [message]).join('\n')

/** Two of one file and one of another, in no order. */
const CONFLICTS: readonly FolderConflict[] = [
  conflictOf('z.txt', NOW_S),
  { ...conflictOf('a.txt', NOW_S - 100), copy: 'a.sync-conflict-old.txt' },
  { ...conflictOf('a.txt', NOW_S, 'lark-jade'), copy: 'a.sync-conflict-new.txt' },
]

test('the folder in short: where, how it stands, what changed and by whom; JSON is the whole view', async () => {
  const view = folderView(NOW_S)
  const outcome = await run('folder', view)
  assert.strictEqual(outcome.exit, 0)
  assert.strictEqual(outcome.message, 'in sync: 214 files, 4.2 MB')
  assert.match(text(outcome), /^\/home\/ada\/shared\nin sync: 214 files, 4\.2 MB\nwhen/)
  assert.match(text(outcome), /2023-11-14 22:13:16 UTC +changed +notes\/blockchain\.txt +finch-teal/)
  assert.deepStrictEqual(outcome.json, view)
})

test('what is to go, why it is paused and what waits for the user are said with the next step', async () => {
  const busy = folderView(NOW_S, { state: 'syncing', inSync: false, need: { items: 12, bytes: 4000, done: 1000 } })
  assert.match(text(await run('folder', busy)), /\n12 to go, 1\.0 kB of 4\.0 kB; here 214 files, 4\.2 MB\n/)
  const asks = folderView(NOW_S, {
    state: 'paused',
    reason: '150 of 200 files were deleted',
    heldDeletions: 150,
    conflicts: CONFLICTS,
    problems: [{ path: 'pipe', reason: 'no file' }],
    mode: 'read-only',
  })
  const said = text(await run('folder', asks))
  for (const expected of [
    /shared {2}read-only\n/,
    /paused: 150 of 200 files were deleted; /,
    /150 deletions waiting: folder resume --delete deletes for everybody, --restore brings all back/,
    /3 conflicts: folder conflicts lists them/,
    /1 problem: folder problems lists them/,
  ])
    assert.match(said, expected)
})

test('pause and resume; a mass delete wants an answer, and only one', async () => {
  const view = folderView(NOW_S)
  const paused = await run('folder pause', view)
  assert.deepStrictEqual([paused.exit, paused.asked], [0, [['pause']]])
  assert.strictEqual((paused.json as FolderView).state, 'paused')
  assert.deepStrictEqual((await run('folder resume', view)).asked, [['resume', null]])
  assert.deepStrictEqual((await run('folder resume --delete', view)).asked, [['resume', 'delete']])
  assert.deepStrictEqual((await run('folder resume --restore', view)).asked, [['resume', 'restore']])
  assert.strictEqual((await run('folder resume --restore --delete', view)).exit, 2)
  const held = await run('folder resume', folderView(NOW_S, { state: 'paused', heldDeletions: 150 }))
  assert.deepStrictEqual([held.exit, held.message], [1, 'say --delete or --restore'])
})

test('conflicts are numbered by path, and called by number, copy or file', async () => {
  const view = folderView(NOW_S, { conflicts: CONFLICTS })
  const list = await run('folder conflicts', view)
  assert.match(text(list), /\n *1 +a\.txt +finch-teal +lark-jade .*a\.sync-conflict-new\.txt/)
  assert.match(text(list), /\n *2 +a\.txt +finch-teal +wren-amber .*a\.sync-conflict-old\.txt/)
  assert.match(text(list), /\n *3 +z\.txt /)
  assert.deepStrictEqual(list.json, view)
  assert.strictEqual(text(await run('folder conflicts', folderView(NOW_S))), 'no conflicts')
  const called = (word: string) => conflictCalled(word, CONFLICTS)
  assert.strictEqual(called('2'), CONFLICTS[1])
  assert.strictEqual(called('z.txt'), CONFLICTS[0])
  assert.strictEqual(called('a.sync-conflict-new.txt'), CONFLICTS[2])
  assert.match(JSON.stringify(called('a.txt')), /2 other versions: name one by its number/)
  assert.match(JSON.stringify(called('4')), /there are 1 to 3/)
  assert.match(JSON.stringify(conflictCalled('1', [])), /there is no conflict/)
  const digits = [...CONFLICTS, conflictOf('1', NOW_S)]
  assert.strictEqual((conflictCalled('1', digits) as FolderConflict).path, '1', 'a file of that name comes first')
  assert.strictEqual(numbered(digits)[0]?.path, '1')
})

test('keep settles the one that was meant and says how many are left', async () => {
  const view = folderView(NOW_S, { conflicts: CONFLICTS })
  const kept = await run('folder conflicts keep 1 THAT', view)
  assert.deepStrictEqual(kept.asked, [['keep', 'a.sync-conflict-new.txt', 'that']])
  assert.strictEqual(
    kept.message,
    'a.txt is the other version now; what stood there is in the trash; 2 conflicts left, numbered anew (folder conflicts)',
  )
  const last = await run('folder conflicts keep z.txt both', folderView(NOW_S, { conflicts: CONFLICTS.slice(0, 1) }))
  assert.strictEqual(last.message, 'z.txt and the other version both stay, each under its own name')
  for (const line of ['folder conflicts keep', 'folder conflicts keep 1', 'folder conflicts solve', 'folder pause now'])
    assert.strictEqual((await run(line, view)).exit, 2, line)
  const missing = await run('folder conflicts keep 9 this', view)
  assert.deepStrictEqual([missing.exit, missing.asked], [1, []])
})

test('show compares the two on this disk: sizes, times, authors, and what differs in short texts', async () => {
  const conflict: FolderConflict = { ...conflictOf('d/plan.txt', NOW_S), copy: 'd/plan.sync-conflict-x.txt' }
  mkdirSync(join(root, 'd'))
  writeFileSync(join(root, conflict.path), 'one\ntwo\nthree\nfour\nfive\nsix\nseven\n')
  writeFileSync(join(root, conflict.copy), 'one\ntwo\nthree\nfour\nfive\n\u001b[2J6\nseven\n')
  utimesSync(join(root, conflict.copy), NOW_S, NOW_S)
  const view = folderView(NOW_S, { path: root, conflicts: [conflict] })
  const shown = await run('folder conflicts show 1', view)
  assert.strictEqual(shown.exit, 0)
  assert.match(text(shown), /this +d\/plan\.txt +34 B +20\d\d-.* UTC +finch-teal/)
  assert.match(text(shown), /that +d\/plan\.sync-conflict-x\.txt +36 B +2023-11-14 22:13:20 UTC +wren-amber/)
  assert.match(text(shown), /\n {2}…\n {2}four\n {2}five\n- six\n\+ ▯\[2J6\n {2}seven\nfolder conflicts keep 1/)
  const { versions } = shown.json as { versions: { this: { size: number }; that: { size: number; by: string } } }
  assert.deepStrictEqual([versions.this.size, versions.that.size, versions.that.by], [34, 36, 'wren-amber'])
  const file = await run('folder conflicts show 1', {
    ...view,
    path: join(root, conflict.path),
    conflicts: [{ ...conflict, path: 'plan.txt', copy: 'plan.sync-conflict-x.txt' }],
  })
  assert.match(text(file), /this +plan\.txt +34 B/, 'of a single shared file the paths begin beside it')
})

test('show says what cannot be compared: no text, a link, nothing there', async () => {
  const show = async (): Promise<string> =>
    text(await run('folder conflicts show 1', folderView(NOW_S, { path: root, conflicts: [conflict] })))
  const conflict: FolderConflict = { ...conflictOf('b.bin', NOW_S), copy: 'b.copy.bin' }
  writeFileSync(join(root, 'b.bin'), Buffer.from([1, 0, 2]))
  assert.match(await show(), /that +b\.copy\.bin +- +- +wren-amber +no such file/)
  writeFileSync(join(root, 'b.copy.bin'), Buffer.alloc(70_000, 0x61))
  assert.match(await show(), /no short texts: what differs is not shown/)
  rmSync(join(root, 'b.copy.bin'))
  symlinkSync('/etc/passwd', join(root, 'b.copy.bin'))
  assert.doesNotMatch(await show(), /root:/)
  assert.match(await show(), /that +b\.copy\.bin +- +- /)
})

test('restore lists the trash, and brings back by path or id', async () => {
  const view = folderView(NOW_S)
  const list = await run('folder restore', view)
  assert.match(text(list), /7f +notes\/a\.txt +1\.2 kB +2023-11-14 22:13:20 UTC\nfolder restore <path\|id>/)
  assert.deepStrictEqual(list.json, { ...view, trash: TRASH })
  const back = await run('folder restore notes/a.txt', view)
  assert.deepStrictEqual([back.message, back.json], ['restored notes/a.txt, 1.2 kB', { ...view, restored: TRASH[0] }])
  const missing = await run('folder restore nothing', view)
  assert.deepStrictEqual([missing.exit, missing.message], [1, 'nothing is not in the trash'])
  const split = await run('folder restore two words', view)
  assert.deepStrictEqual([split.exit, split.asked], [2, []])
})

test('problems say what is not shared and why, without what a terminal could take for an order', async () => {
  const view = folderView(NOW_S, { problems: [{ path: 'a\u001b[2J', reason: 'its name has control characters' }] })
  const said = text(await run('folder problems', view))
  assert.match(said, /a▯\[2J +its name has control characters/)
  assert.match(text(await run('folder problems', folderView(NOW_S))), /everything in the folder is shared/)
})

test('a peer without a folder refuses each of them and says how to have one', async () => {
  for (const line of ['folder', 'folder pause', 'folder resume --delete', 'folder conflicts', 'folder restore x']) {
    const { exit, message } = await run(line, null)
    assert.deepStrictEqual([exit, message], [1, 'this peer shares no folder: start it without --no-folder'], line)
  }
})

test.run()

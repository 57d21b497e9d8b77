/**
 * What `y` hands to the terminal's clipboard, of what is open: a ticket, the lines of an answer or of the log as they are
 * filtered, the id, hash or link of a thing, the ids of a block's records. Invariant: at most MAX_BYTES, and never a control
 * or format character.
 */
import type { Snapshot } from '../../src/api.js'
import { plural } from '../../src/cli/format.js'
import type { Copied } from '../input/step.js'
import { FOLDER_KEY, type Model, type Overlay } from '../state.js'
import { plainText } from '../text/line.js'
import { wholeRecordLine } from './block.js'
import { chosenLines, clock } from './log.js'

/** Terminals refuse much longer ones. */
const MAX_BYTES = 65_536

export function copiedFrom(overlay: Overlay, model: Model): Copied | null {
  switch (overlay.kind) {
    case 'help':
      return null
    case 'text': {
      if (overlay.copy !== undefined) return { text: safe(overlay.copy), what: 'the ticket is' }
      const wanted = (overlay.filter ?? '').toLowerCase()
      return linesOf(overlay.lines.filter((line) => line.toLowerCase().includes(wanted)))
    }
    case 'log': {
      const lines = chosenLines(overlay, model.log).map(({ time, level, text }) => `${clock(time)} ${level} ${text}`)
      // of too many the newest are worth more
      const some = linesOf(lines.reverse())
      return some === null ? null : { ...some, text: some.text.split('\n').reverse().join('\n') }
    }
    case 'detail':
      return thingOf(overlay, model)
  }
}

function folderPath({ folder }: Snapshot): Copied | null {
  return folder.path === '' ? null : { text: safe(folder.path), what: 'the path is' }
}

function linesOf(lines: readonly string[]): Copied | null {
  const kept: string[] = []
  let bytes = 0
  for (const line of lines) {
    const text = safe(line)
    bytes += Buffer.byteLength(text) + 1
    if (bytes > MAX_BYTES) break
    kept.push(text)
  }
  if (kept.length === 0) return null
  const all = kept.length === lines.length ? '' : ` of ${lines.length}`
  return { text: kept.join('\n'), what: `${plural(kept.length, 'line')}${all} ${kept.length === 1 ? 'is' : 'are'}` }
}

type Detail = Extract<Overlay, { kind: 'detail' }>

function thingOf(overlay: Detail, model: Model): Copied | null {
  const { pane, key } = overlay
  const { snapshot } = model
  if (snapshot === null) return null
  switch (pane) {
    case 'peers':
      return { text: safe(key), what: 'the id is' }
    case 'chain':
      return pickedRecords(overlay, model) ?? { text: safe(key), what: 'the hash is' }
    case 'ring':
      return { text: safe(key.slice(2)), what: 'the id is' }
    case 'files': {
      if (key === FOLDER_KEY) return folderPath(snapshot)
      const transfer = snapshot.transfers.find(({ n }) => `t:${n}` === key)
      const file = snapshot.files.find(({ id, name, size }) =>
        transfer === undefined ? `f:${id}` === key : name === transfer.name && size === transfer.total,
      )
      if (file === undefined) return null
      const name = encodeURIComponent(file.name.replace(/\p{Cs}/gu, '?'))
      return { text: `p2p:${file.id}?name=${name}`, what: 'the link is' }
    }
  }
}

/** The ids of a block's records that the filter leaves, null where there is no filter or none of them fits. */
function pickedRecords({ key, filter = '' }: Detail, model: Model): Copied | null {
  const { snapshot, look } = model
  if (snapshot === null || filter === '') return null
  const { records = [] } = snapshot.chain.blocks.find(({ hash }) => hash === key) ?? {}
  const picked = records.filter((record) => {
    const line = wholeRecordLine(record, snapshot, model, model.size.columns)
    return plainText(line, look).toLowerCase().includes(filter.toLowerCase())
  })
  if (picked.length === 1) return { text: safe(picked[0]?.id ?? ''), what: 'the id of the record is' }
  return linesOf(picked.map(({ id }) => id))
}

const safe = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '')

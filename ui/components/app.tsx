/** The screen: keys go to the session, its models come back; every picture is made by a pure view. */
import { Box, useInput, usePaste } from 'ink'
import { useReducer, useRef, useSyncExternalStore } from 'react'
import { keysOf, pastedKeys } from '../input/keys.js'
import { openEditor } from '../input/typing.js'
import type { ConsoleSession } from '../session.js'
import type { Model } from '../state.js'
import { pictureOf } from '../views/picture.js'
import { Lines } from './lines.js'
import { TextRow } from './text-row.js'

/**
 * Ink hands every key to all listeners. A key that the open text line may take (see `ConsoleSession.typing`) is left to it;
 * any other one is the session's, and what the text line makes of it is refused: it is mounted anew, from the session's state.
 */
export function App({ session }: { readonly session: ConsoleSession }) {
  const model = useSyncExternalStore(session.subscribe, session.model)
  const [mount, mountAnew] = useReducer((count: number) => count + 1, 0)
  const typing = useRef(false)
  const line: LineHandlers = {
    mount,
    onKey: (input, key) => {
      const keys = keysOf(input, key)
      typing.current = session.typing(keys)
      if (typing.current) return
      session.press(keys)
      mountAnew()
    },
    onPaste: (text) => {
      session.press(pastedKeys(text))
      mountAnew()
    },
    onChange: (value) => {
      if (typing.current) session.edited(value)
    },
    onSubmit: () => {
      if (typing.current) session.press([{ kind: 'named', name: 'enter', pasted: false }])
    },
  }
  return (
    <>
      <Keyboard line={line} />
      <Screen model={model} line={line} />
    </>
  )
}

interface LineHandlers {
  readonly mount: number
  readonly onKey: Parameters<typeof useInput>[0]
  readonly onPaste: (text: string) => void
  readonly onChange: (value: string) => void
  readonly onSubmit: () => void
}

/** Stands before any text line, so it hears a key first. */
function Keyboard({ line }: { readonly line: LineHandlers }) {
  useInput(line.onKey)
  usePaste(line.onPaste)
  return null
}

function Screen({ model, line }: { readonly model: Model; readonly line: LineHandlers }) {
  const { ui, size } = model
  const { columns: width, rows } = size
  const { layout, header, tabs, columns, message, hints, prompt } = pictureOf(model)
  if (layout.kind === 'small') return <Lines lines={columns[0]?.lines ?? []} width={width} height={rows} />
  return (
    <Box flexDirection="column" width={width} height={rows}>
      <Lines lines={[header]} width={width} height={layout.header} />
      <Lines lines={[tabs]} width={width} height={layout.tabs} />
      <Box flexGrow={1}>
        {columns.map((column, index) => (
          // a column is nothing but its place
          // biome-ignore lint/suspicious/noArrayIndexKey: see above
          <Lines key={index} lines={column.lines} width={column.width} height={column.lines.length} />
        ))}
      </Box>
      <Lines lines={message} width={width} height={layout.message} />
      <Row model={model} line={line} edited={ui.mode === 'form'} painted={hints} />
      <Row model={model} line={line} edited={ui.mode !== 'form'} painted={prompt} />
    </Box>
  )
}

interface RowProps {
  readonly model: Model
  readonly line: LineHandlers
  readonly edited: boolean
  readonly painted: string
}

/** Hints and prompt: text is edited in one of them at most. */
function Row({ model: { ui, size }, line, edited, painted }: RowProps) {
  const editor = edited ? openEditor(ui) : null
  if (editor === null) return <Lines lines={[painted]} width={size.columns} height={1} />
  const { mount, onChange, onSubmit } = line
  return (
    <TextRow
      key={`${ui.mode} ${ui.form?.at ?? 0} ${mount}`}
      editor={editor}
      painted={painted}
      width={size.columns}
      onChange={onChange}
      onSubmit={onSubmit}
    />
  )
}

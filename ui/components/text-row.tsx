/**
 * One line of the screen in which text is edited. ink-text-input holds the text and the cursor, takes what is typed and
 * submits it; what it shows is replaced by a line that a view painted: cleaned, windowed to the width, cursor in view.
 * A new key mounts it anew, which is how the cursor is placed: it stands at the end of the value it is mounted with.
 */
import { Box, Transform } from 'ink'
import TextInput from 'ink-text-input'
import { useLayoutEffect, useState } from 'react'
import { type Editor, textOf } from '../prompt/editor.js'

export interface TextRowProps {
  readonly editor: Editor
  /** The whole line as it looks. */
  readonly painted: string
  readonly width: number
  readonly onChange: (value: string) => void
  readonly onSubmit: () => void
}

export function TextRow({ editor, painted, width, onChange, onSubmit }: TextRowProps) {
  const [placed, setPlaced] = useState(editor.after === '')
  // in the same commit: a key that comes between the two would take what stands before the cursor for all there is
  useLayoutEffect(() => setPlaced(true), [])
  return (
    <Box width={width} height={1} flexShrink={0} overflow="hidden">
      <Transform transform={(_, row) => (row === 0 ? painted : '')}>
        <TextInput value={placed ? textOf(editor) : editor.before} onChange={onChange} onSubmit={onSubmit} focus />
      </Transform>
    </Box>
  )
}

import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import fc from 'fast-check';
import { afterEach, expect, it, vi } from 'vitest';
import { countValues, Facet, facetText, parseFacets } from './facets.tsx';

afterEach(cleanup);

it('keeps any value through the address', () => {
  const choice = fc.dictionary(
    fc.constantFrom('state', 'user', 'model'),
    fc.array(fc.string({ minLength: 1, unit: 'grapheme' }), { minLength: 1, maxLength: 4 }),
  );
  fc.assert(
    fc.property(choice, (chosen) => {
      expect(parseFacets(facetText(chosen))).toEqual({ ...chosen });
    }),
  );
});

it('survives a hand-edited address', () => {
  expect(parseFacets('')).toEqual({});
  expect(parseFacets('state=%;;=x;user')).toEqual({ state: [] });
});

it('counts each value of a row once, the most frequent first', () => {
  const rows = [{ models: ['a', 'b', 'b'] }, { models: ['b'] }];
  expect(countValues(rows, (row) => row.models)).toEqual([
    { value: 'b', count: 2 },
    { value: 'a', count: 1 },
  ]);
});

it('opens, chooses, takes back and closes with escape', () => {
  const onChange = vi.fn();
  const options = [
    { value: 'running', count: 3 },
    { value: 'error', count: 1 },
  ];
  const { rerender } = render(<Facet name="State" options={options} chosen={[]} onChange={onChange} />);
  const button = screen.getByRole('button', { name: 'State' });
  fireEvent.click(button);
  fireEvent.click(screen.getByRole('checkbox', { name: /running/ }));
  expect(onChange).toHaveBeenLastCalledWith(['running']);
  rerender(<Facet name="State" options={options} chosen={['running']} onChange={onChange} />);
  fireEvent.click(screen.getByRole('checkbox', { name: /running/ }));
  expect(onChange).toHaveBeenLastCalledWith([]);
  fireEvent.keyDown(screen.getByRole('checkbox', { name: /error/ }), { key: 'Escape' });
  expect(screen.queryByRole('checkbox')).toBeNull();
});

it('stays open while the focus moves within, and closes when it leaves', () => {
  render(<Facet name="State" options={[{ value: 'running', count: 3 }]} chosen={[]} onChange={() => {}} />);
  fireEvent.click(screen.getByRole('button', { name: 'State' }));
  const list = screen.getByRole('group').parentElement!;
  // A press on a label moves the focus to the nearest focusable element around it: that must be the list itself.
  expect(list.tabIndex).toBe(-1);
  fireEvent.focusIn(list);
  expect(screen.queryByRole('checkbox')).not.toBeNull();
  fireEvent.pointerDown(document.body);
  expect(screen.queryByRole('checkbox')).toBeNull();
});

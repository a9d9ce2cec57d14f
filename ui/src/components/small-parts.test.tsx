import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { deltaOf } from '../lib/format.ts';
import { StackedBar } from './bar.tsx';
import { SearchBox } from './search-box.tsx';
import { Facts, SidePanel } from './side-panel.tsx';
import { Sparkline } from './sparkline.tsx';
import { Stat, StatGrid } from './stat.tsx';
import { SessionStateDot } from './status-dot.tsx';
import { Tabs } from './tabs.tsx';

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

describe('Stat', () => {
  it('says the change in words, with the exact value in the title', () => {
    render(
      <StatGrid label="Figures">
        <Stat label="Tokens" value="1.24M" title="1,240,311" delta={deltaOf(118, 100)} note="3 running" />
      </StatGrid>,
    );
    expect(screen.getByText('18% more')).toBeTruthy();
    expect(screen.getByTitle('1,240,311').textContent).toBe('1.24M');
    expect(screen.getByText('3 running')).toBeTruthy();
  });

  it('shows no figure while there is none', () => {
    const { container } = render(<Stat label="Spend" value={null} delta={deltaOf(1, 2)} />);
    expect(container.textContent).toBe('Spend');
  });
});

describe('Sparkline', () => {
  const line = (values: (number | null)[]) =>
    render(<Sparkline values={values} />)
      .container.querySelectorAll('path')[1]
      ?.getAttribute('d') ?? '';

  it('leaves gaps open', () => {
    expect(line([1, 2, null, 3, 4]).match(/M/g)).toHaveLength(2);
  });

  it('draws nothing for nothing, and a dot for one point', () => {
    expect(line([null, null])).toBe('');
    expect(line([5])).toBe('');
    const { container } = render(<Sparkline values={[5]} />);
    expect(container.querySelectorAll('path')[2]?.getAttribute('d')).toMatch(/^M.*h0\.01$/);
  });
});

it('names a session state in words', () => {
  render(<SessionStateDot state="waiting" />);
  expect(screen.getByText('Waiting')).toBeTruthy();
});

it('describes the parts of a bar', () => {
  render(
    <StackedBar
      label="Tokens"
      parts={[
        { label: 'Input', value: 25, colour: 'red', text: '25' },
        { label: 'Output', value: 75, colour: 'blue', text: '75' },
      ]}
    />,
  );
  expect(screen.getByRole('img').getAttribute('aria-label')).toBe(
    'Tokens: Input 25, 25.0%; Output 75, 75.0%',
  );
});

it('moves through tabs with the arrow keys and wraps around', () => {
  const onChange = vi.fn();
  render(
    <Tabs
      label="Views"
      value="a"
      onChange={onChange}
      tabs={[
        { id: 'a', label: 'A' },
        { id: 'b', label: 'B' },
        { id: 'c', label: 'C' },
      ]}
    >
      content
    </Tabs>,
  );
  const list = screen.getByRole('tablist');
  for (const key of ['ArrowRight', 'ArrowLeft', 'End', 'x']) fireEvent.keyDown(list, { key });
  expect(onChange.mock.calls.flat()).toEqual(['b', 'c', 'c']);
  expect(screen.getByRole('tabpanel').textContent).toBe('content');
});

describe('SidePanel', () => {
  const open = (props: Partial<Parameters<typeof SidePanel>[0]> = {}) =>
    render(
      <SidePanel title="Bash" contentKey="1" onClose={() => {}} {...props}>
        <Facts facts={[{ name: 'Duration', value: '2 s' }]} />
      </SidePanel>,
    );

  it('takes the focus and gives it back', () => {
    const before = document.createElement('button');
    document.body.append(before);
    before.focus();
    const { unmount } = open();
    expect(document.activeElement).toBe(screen.getByRole('complementary', { name: 'Bash' }));
    unmount();
    expect(document.activeElement).toBe(before);
    before.remove();
  });

  it('closes, steps and opens by key', () => {
    const [onClose, onNext, onPrevious, onOpen] = [vi.fn(), vi.fn(), vi.fn(), vi.fn()];
    open({ onClose, onNext, onPrevious, onOpen });
    const panel = screen.getByRole('complementary');
    for (const key of ['j', 'ArrowDown', 'k', 'o', 'Escape']) fireEvent.keyDown(panel, { key });
    fireEvent.keyDown(panel, { key: 'k', ctrlKey: true });
    expect(onNext).toHaveBeenCalledTimes(2);
    for (const action of [onPrevious, onOpen, onClose]) expect(action).toHaveBeenCalledOnce();
  });

  it('cannot step past the end', () => {
    open();
    expect(screen.getByRole('button', { name: 'Next (j)' }).hasAttribute('disabled')).toBe(true);
  });
});

describe('SearchBox', () => {
  it('tells after the pause, once, and at enter at once', () => {
    vi.useFakeTimers();
    const onChange = vi.fn();
    render(<SearchBox value="" onChange={onChange} label="Filter" placeholder="" pauseMs={250} />);
    const box = screen.getByRole('searchbox', { name: 'Filter' });
    fireEvent.change(box, { target: { value: 'op' } });
    fireEvent.change(box, { target: { value: 'opus' } });
    expect(onChange).not.toHaveBeenCalled();
    vi.advanceTimersByTime(250);
    expect(onChange.mock.calls).toEqual([['opus']]);
    fireEvent.change(box, { target: { value: 'haiku' } });
    fireEvent.keyDown(box, { key: 'Enter' });
    vi.advanceTimersByTime(500);
    expect(onChange.mock.calls).toEqual([['opus'], ['haiku']]);
  });

  it('follows a value that changes from outside', () => {
    const props = { onChange: () => {}, label: 'Filter', placeholder: '' };
    const { rerender } = render(<SearchBox value="a" {...props} />);
    rerender(<SearchBox value="" {...props} />);
    expect((screen.getByRole('searchbox') as HTMLInputElement).value).toBe('');
  });
});

/** Makes the pictures of counterexamples and the line to copy answer to mouse and keyboard. */
import { hideTip, showTip } from './tip.ts';

function tell(element: Element): void {
  const { left, bottom } = element.getBoundingClientRect();
  showTip((element as SVGElement).dataset.tip ?? '', left, bottom - 8);
}

export function enliven(): void {
  for (const op of document.querySelectorAll<SVGElement>('.figure .op')) {
    op.addEventListener('pointermove', ({ clientX, clientY }) => showTip(op.dataset.tip ?? '', clientX, clientY));
    op.addEventListener('pointerleave', hideTip);
    op.addEventListener('focus', () => tell(op));
    op.addEventListener('blur', hideTip);
  }
  for (const op of document.querySelectorAll<SVGGraphicsElement>('.figure .op.impossible')) {
    const box = op.closest<HTMLElement>('.scroll');
    if (box !== null) box.scrollLeft = op.getBBox().x - box.clientWidth / 2;
  }
  for (const configuration of document.querySelectorAll<HTMLElement>('[data-pending]')) {
    const pending = new Set((configuration.dataset.pending ?? '').split(' '));
    const mark = (on: boolean): void => {
      for (const op of configuration.closest('article')?.querySelectorAll<SVGElement>('.figure .op') ?? []) {
        op.classList.toggle('pending', on && pending.has(op.dataset.op ?? ''));
      }
    };
    for (const event of ['pointerenter', 'focus']) configuration.addEventListener(event, () => mark(true));
    for (const event of ['pointerleave', 'blur']) configuration.addEventListener(event, () => mark(false));
  }
}

/** Pages opened from a file may be refused the clipboard: then the line is selected, ready to be copied. */
export function enableCopy(): void {
  const button = document.querySelector<HTMLButtonElement>('#copy');
  const line = document.querySelector<HTMLElement>('#reproduce');
  if (button === null || line === null) return;
  button.addEventListener('click', () => {
    getSelection()?.selectAllChildren(line);
    const said = (text: string): void => {
      button.textContent = text;
      setTimeout(() => {
        button.textContent = 'Copy';
      }, 1600);
    };
    if (navigator.clipboard === undefined) {
      said(document.execCommand('copy') ? 'Copied' : 'Selected');
      return;
    }
    navigator.clipboard.writeText(line.textContent ?? '').then(
      () => said('Copied'),
      () => said(document.execCommand('copy') ? 'Copied' : 'Selected'),
    );
  });
}

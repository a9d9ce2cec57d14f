import { expect, it } from 'vitest';
import { multipartFields } from './body.ts';

it('reads the fields of a form, whatever their values contain', () => {
  const part = (name: string, value: string) =>
    `--B\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const body = `${part('query', 'SELECT {a:String}')}${part('param_a', 'x\r\n--y\r\n\r\nz')}--B--\r\n`;
  expect(multipartFields('multipart/form-data; boundary=B', body)).toEqual(
    new Map([
      ['query', 'SELECT {a:String}'],
      ['param_a', 'x\r\n--y\r\n\r\nz'],
    ]),
  );
  expect(multipartFields('multipart/form-data', body)).toBeUndefined();
});

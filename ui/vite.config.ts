import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { precompress } from './build/precompress.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const server = process.env.BELLWETHER_DEV_SERVER ?? 'http://127.0.0.1:7070';

/**
 * What every page needs, in one chunk of its own: it changes with the dependencies, not with our code, so browsers keep it
 * across our releases.
 */
const framework =
  /node_modules[\\/](react|react-dom|scheduler|use-sync-external-store|@tanstack[\\/](react-router|router-core|history|react-store|store|react-query|query-core))[\\/]/;

export default defineConfig({
  root: here('.'),
  base: '/',
  plugins: [react(), precompress()],
  resolve: {
    alias: {
      '@contract': here('../src/contract/index.ts'),
      // Radix's scroll lock writes a <style> element, which our content security policy refuses.
      'react-style-singleton': here('./src/lib/style-singleton.ts'),
      // CodeMirror writes one too.
      'style-mod': here('./src/lib/style-mod.ts'),
    },
  },
  css: { modules: { generateScopedName: '[name]_[local]_[hash:base64:4]' } },
  build: {
    outDir: here('../dist/ui'),
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        entryFileNames: 'assets/[name]-[hash].js',
        chunkFileNames: 'assets/[name]-[hash].js',
        assetFileNames: 'assets/[name]-[hash][extname]',
        codeSplitting: { groups: [{ name: 'framework', test: framework, priority: 2 }] },
      },
    },
  },
  server: {
    host: '127.0.0.1',
    port: 7071,
    proxy: {
      '/api': { target: server, changeOrigin: true },
      '/health': { target: server, changeOrigin: true },
    },
  },
});

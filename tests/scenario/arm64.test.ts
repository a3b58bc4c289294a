import { arm64 } from '../platforms/arm64.ts';
import { scenario } from './scenario.ts';

scenario(arm64());

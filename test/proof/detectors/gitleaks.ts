// The samples by which gitleaks tests its rules: what each has to find, and what it must not. Taken from its Go module,
// with the function that checks them replaced by one that prints them.
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Detector } from '../../../src/masking/detect/found.ts'
import { createScanner } from '../../../src/masking/detect/scan.ts'
import { cache } from '../../support/python.ts'

const MODULE = 'github.com/zricethezav/gitleaks/v8'
const VERSION = 'v8.30.1'
const MAX_OUTPUT = 256 * 1024 * 1024

const PRINTING = `package utils

import (
	"encoding/json"
	"os"

	"${MODULE}/config"
)

type samples struct {
	Rule     string   \`json:"rule"\`
	Positive []string \`json:"positive"\`
	Negative []string \`json:"negative"\`
}

func print(rule config.Rule, positive []string, negative []string) *config.Rule {
	_ = json.NewEncoder(os.Stdout).Encode(samples{rule.RuleID, positive, negative})
	return &rule
}

func Validate(rule config.Rule, positive []string, negative []string) *config.Rule {
	return print(rule, positive, negative)
}

func ValidateWithPaths(rule config.Rule, positive map[string]string, negative map[string]string) *config.Rule {
	texts := func(of map[string]string) []string {
		all := []string{}
		for _, text := range of {
			all = append(all, text)
		}
		return all
	}
	return print(rule, texts(positive), texts(negative))
}
`

export interface RuleSamples {
  readonly rule: string
  readonly positive: readonly string[] | null
  readonly negative: readonly string[] | null
}

export function gitleaksSamples(): readonly RuleSamples[] {
  const folder = join(cache, `gitleaks-${VERSION}`)
  if (!existsSync(folder)) fetchModule(folder)
  const output = execFileSync('go', ['run', '.', '/dev/null'], {
    cwd: join(folder, 'cmd/generate/config'),
    encoding: 'utf8',
    maxBuffer: MAX_OUTPUT,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return output
    .split('\n')
    .filter((line) => line.startsWith('{"rule"'))
    .map((line): RuleSamples => JSON.parse(line))
}

function fetchModule(folder: string): void {
  mkdirSync(cache, { recursive: true })
  const got = execFileSync('go', ['mod', 'download', '-json', `${MODULE}@${VERSION}`], {
    encoding: 'utf8',
    cwd: cache,
  })
  const { Dir }: { readonly Dir: string } = JSON.parse(got)
  cpSync(Dir, folder, { recursive: true })
  execFileSync('chmod', ['-R', 'u+w', folder])
  writeFileSync(join(folder, 'cmd/generate/config/utils/validate.go'), PRINTING)
}

/** Which of its rules look for what a detector looks for. */
const DETECTOR_OF: Readonly<Record<string, Detector>> = {
  'age-secret-key': 'api-token',
  'anthropic-admin-api-key': 'api-token',
  'anthropic-api-key': 'api-token',
  'aws-access-token': 'aws-key',
  'digitalocean-access-token': 'api-token',
  'digitalocean-pat': 'api-token',
  'digitalocean-refresh-token': 'api-token',
  'gcp-api-key': 'google-api-key',
  'github-app-token': 'github-token',
  'github-fine-grained-pat': 'github-token',
  'github-oauth': 'github-token',
  'github-pat': 'github-token',
  'github-refresh-token': 'github-token',
  'gitlab-cicd-job-token': 'gitlab-token',
  'gitlab-deploy-token': 'gitlab-token',
  'gitlab-feature-flag-client-token': 'gitlab-token',
  'gitlab-feed-token': 'gitlab-token',
  'gitlab-incoming-mail-token': 'gitlab-token',
  'gitlab-kubernetes-agent-token': 'gitlab-token',
  'gitlab-oauth-app-secret': 'gitlab-token',
  'gitlab-pat': 'gitlab-token',
  'gitlab-pat-routable': 'gitlab-token',
  'gitlab-ptt': 'gitlab-token',
  'gitlab-runner-authentication-token': 'gitlab-token',
  'gitlab-runner-authentication-token-routable': 'gitlab-token',
  'gitlab-scim-token': 'gitlab-token',
  'grafana-service-account-token': 'api-token',
  'huggingface-access-token': 'api-token',
  'huggingface-organization-api-token': 'api-token',
  jwt: 'jwt',
  'linear-api-key': 'api-token',
  'npm-access-token': 'api-token',
  'private-key': 'private-key',
  'pypi-upload-token': 'api-token',
  'rubygems-api-token': 'api-token',
  'sendgrid-api-token': 'api-token',
  'sentry-org-token': 'api-token',
  'sentry-user-token': 'api-token',
  'shopify-access-token': 'api-token',
  'shopify-custom-access-token': 'api-token',
  'shopify-private-app-access-token': 'api-token',
  'shopify-shared-secret': 'api-token',
  'slack-app-token': 'slack-token',
  'slack-bot-token': 'slack-token',
  'slack-config-access-token': 'slack-token',
  'slack-config-refresh-token': 'slack-token',
  'slack-legacy-bot-token': 'slack-token',
  'slack-legacy-token': 'slack-token',
  'slack-legacy-workspace-token': 'slack-token',
  'slack-user-token': 'slack-token',
  'slack-webhook-url': 'slack-token',
  'stripe-access-token': 'stripe-key',
  'vault-batch-token': 'api-token',
  'vault-service-token': 'api-token',
}

export interface RuleCount {
  readonly rule: string
  readonly positive: number
  readonly found: number
  readonly negative: number
  readonly mistaken: number
  readonly wrong: readonly string[]
}

const SHOWN = 4
const WIDTH = 200

/** Samples are texts in which it has to be found, or not, somewhere. */
export function measureRules(rules: readonly RuleSamples[]): readonly RuleCount[] {
  return rules.flatMap(({ rule, positive, negative }) => {
    const detector = DETECTOR_OF[rule]
    if (detector === undefined) return []
    const scanner = createScanner(new Set([detector]))
    const finds = (text: string) => scanner.find(Buffer.from(text)).length > 0
    const missed = (positive ?? []).filter((text) => !finds(text))
    const mistaken = (negative ?? []).filter(finds)
    const wrong = [...missed.map((text) => `missed: ${text}`), ...mistaken.map((text) => `mistaken: ${text}`)]
    return [
      {
        rule,
        positive: positive?.length ?? 0,
        found: (positive?.length ?? 0) - missed.length,
        negative: negative?.length ?? 0,
        mistaken: mistaken.length,
        wrong: wrong.slice(0, SHOWN).map((text) => text.slice(0, WIDTH)),
      },
    ]
  })
}

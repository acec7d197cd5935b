"""A/B tests, feature toggles and gradual rollouts with Proctor's test matrices."""

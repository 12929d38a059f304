"""The secret of every service that tests start, as strong as one in earnest."""

SECRET_KEY = "2b9f4c81d07ae653f1c8b20497e6da35"

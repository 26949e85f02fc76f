"""Pretrain: an encoder learns from unlabelled texts."""

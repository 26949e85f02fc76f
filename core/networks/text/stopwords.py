"""Frequent small words of English and Chinese, without any negation, contrast or intensity: those carry sentiment."""

from __future__ import annotations

ENGLISH = frozenset(
    """a an the this that these those i me my mine we us our ours you your yours he him his she her hers it its they them
    their theirs am is are was were be been being have has had having do does did doing will would shall should can could
    may might must of at by for with about into through during to from in on off up down out over under and or as if
    then so there here when where which who whom whose what while because than also just each any some such same own
    's 've 're 'll 'm 'd""".split()
)

CHINESE = frozenset(
    """的 了 着 过 地 得 之 我 你 您 他 她 它 我们 你们 他们 她们 它们 咱们 自己 这 那 这个 那个 这些 那些 这里 那里 这样 那样
    是 有 在 和 与 及 或 把 被 给 让 对 对于 关于 从 到 向 往 由 于 以 为 为了 因为 所以 如果 那么 就 也 都 而 而且 并 并且
    还 又 再 个 件 次 种 位 一 一个 一下 一些 上 下 里 中 时 时候
    吗 呢 吧 啊 呀 哦 嘛 啦 等 等等 其 该 此 某 每 各 会 能 可以 要""".split()
)

NEGATIONS = frozenset(
    """not no nor never none nothing nobody neither nowhere without hardly barely scarcely n't cannot don't doesn't didn't
    isn't wasn't aren't weren't won't wouldn't shouldn't couldn't can't haven't hasn't hadn't
    不 没 没有 无 未 非 别 莫 勿 不是 不能 不会 不要 不太 毫无 从不 从未 绝不 并非 无法""".split()
)

STOP_WORDS = sorted((ENGLISH | CHINESE) - NEGATIONS)

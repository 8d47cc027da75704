"""How models decline: a refusal stands at the beginning, in the first person, and about helping."""

from __future__ import annotations

import re

OPENING = 300
"""Who refuses says so at once; further on, the same words belong to an answer."""
MOST_LEADS = 2
"""Sentences like "I'm sorry." that may stand before the one that refuses."""

_FENCES_AND_QUOTES = re.compile(
    r"""```.*?(?:```|\Z) | ^[ ]*>.*?$ | ["“„«「『][^"“”»」』]*["“”»」』] | (?<![^\W_])['‘][^'’\n]*(?:['’](?=[^\W_])[^'’\n]*)*['’](?![^\W_])""",
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)
# What comes behind a colon is told, not said.
_SENTENCE = re.compile(r"[^.:!?。：！？\n]+")
_LETTER = re.compile(
    r"(?:subject|betreff|objet|asunto|oggetto|assunto|to|from): |(?:dear|sehr geehrte\w*|liebe[rs]?|chère?|estimad\w+"
    r"|querid\w+|gentile|car[oa]) |(?:hi|hello|hey)(?: \w+){1,3},\n"
)

_ADVERB = (
    r"(?:(?:simply|really|just|also|currently|ethically|legally|directly|personally|actually|honestly|knowingly|"
    r"in good conscience|be able to|and will not|and won't) )?"
)
_DO = (
    r"(?:help(?! (?:it|but|myself|feeling|noticing|wondering|thinking|laughing|smiling)\b)|assist|aid|fulfil|fulfill|comply|provide"
    r"|create|write|generate|produce|engage|answer|respond|continue|give(?! up)|share|discuss|participate|take part|complete"
    r"|offer|advise|process|perform|execute|facilitate|disclose|reveal|tell you|translate|browse|access|accommodate"
    r"|grant|choose|(?:do|be doing) (?:that|this|so|it)|go along|extract|open|view|predict|comment|share)"
    r"(?:ing)?\b(?! (?:you )?(?:with )?(?:an? |the |any )?(?:exact|precise|definit\w+|guarantee\w*|single|full|complete|exhaustive)\b)"
)
_DOING = (
    r"(?:help|assist|fulfill|comply|provid|creat|writ|generat|produc|engag|answer|respond|continu|giv|shar|discuss"
    r"|participat|complet|offer|advis|process|perform|do)ing\b"
)
_AM = r"i(?:'m| am) (?:just |currently |really )?"
_CANNOT = (
    rf"(?:i {_ADVERB}(?:cannot|can not|can't|won't|will not|couldn't|may not) |i (?:must|have to|need to) (?:respectfully )?(?:decline|refuse) to "
    rf"|i (?:respectfully )?(?:decline|refuse) to |{_AM}(?:unable|not (?:able|allowed|permitted|willing|authori[sz]ed|programmed|designed|going)) to )"
)
# What may stand in front of the one who refuses: nothing, or words that say that it is the model's own clause.
_CLAUSE = r"(?:^|[,;–—-] |\b(?:but|however|so|and|that|therefore|sorry|afraid|apologies|unfortunately|regret|sorry to say),? )"
_ENGLISH = (
    rf"{_CLAUSE}{_CANNOT}{_ADVERB}{_DO}",
    rf"{_CLAUSE}{_AM}(?:not comfortable(?: with)?|prohibited from) {_DOING}",
    rf"{_CLAUSE}i (?:do not|don't) feel comfortable\b",
    rf"{_CLAUSE}i (?:must|have to|need to|will have to) (?:respectfully )?(?:decline|refuse)(?:$|,|;| (?:this|that|your) (?:request|prompt)\b)",
    rf"{_CLAUSE}i(?:'d| would) (?:rather|prefer) not (?:to )?{_DO}",
    rf"{_CLAUSE}i (?:currently )?(?:do not|don't) (?:currently )?have (?:the (?:ability|capability) to (?!think|feel)|access to|permission to|enough information to)",
    r"(?:^|[,;] |\b(?:but|sorry) )(?:that's|that is|this is|it's|it is) not something (?:that )?(?:i|we)\b",
    r"(?:^|[,;] |\b(?:but|as|since|because) )(?:this|that|it|(?:your|the|this) request|doing so) (?:would )?(?:violates?|goes? against|be against|is against) (?:my|our|the|openai's) (?:\w+ ){0,2}(?:guidelines|polic\w+|programming|principles|terms)",
    r"(?:would be|is) (?:inappropriate|not appropriate|unethical|irresponsible|wrong) for me to\b",
    rf"sorry\b[^;]*\bwe (?:cannot|can't|are unable to|won't) {_ADVERB}{_DO}",
)
_GERMAN_ACTS = (
    r"(?:weiter)?(?:helfen|beantworten|antworten|unterstützen|bereitstellen|geben|erstellen|schreiben|nennen|bearbeiten|erfüllen"
    r"|nachkommen|mitteilen|ausführen|tun|liefern|anbieten|teilen|sagen|fortfahren|erteilen)\b"
)
_OTHERS = (
    rf"\b(?:ich (?:kann|darf|werde|möchte)|(?:kann|darf|werde|möchte) ich)\b(?: \w+){{0,6}} (?:nicht|kein\w*)\b(?: \w+){{0,5}} {_GERMAN_ACTS}",
    r"\bich bin (?:leider )?nicht (?:in der lage|befugt|berechtigt)\b",
    r"\bje ne (?:peux|puis)(?: \w+){0,2} pas(?: \w+){0,3} (?:[tlmy]')?(?:aider|répondre|fournir|faire|donner|créer|écrire|générer|partager|discuter|accéder|satisfaire|continuer)",
    r"\bje ne suis (?:malheureusement )?pas (?:en mesure|autorisée?) d",
    r"(?:^|, |\bpero )no puedo(?: \w+){0,2} (?:ayudar|responder|proporcionar|cumplir|hacer|dar|generar|crear|escribir|compartir|ofrecer|continuar|discutir|acceder)",
    r"\bno me es posible (?:ayudar|responder|proporcionar|cumplir|hacer|dar|generar|crear|escribir|compartir|ofrecer|continuar)",
    r"(?:^|, |\b(?:mas|porém) )(?:eu )?não (?:posso|consigo)(?: \w+){0,2} (?:ajudar|fornecer|responder|fazer|dar|gerar|criar|escrever|compartilhar|partilhar|oferecer|atender|continuar|discutir|acessar)",
    r"(?:^|, |\b(?:ma|purtroppo) )non (?:posso|sono in grado di)(?: \w+){0,2} (?:aiutar|fornir|risponder|far|dar|generar|crear|scriver|condivider|offrir|continuar|soddisfar|discuter|acceder)",
    r"\b(?:ik kan|kan ik)\b(?: \w+){0,4} (?:niet|geen)\b(?: \w+){0,4} (?:helpen|beantwoorden|geven|schrijven|maken|verstrekken|delen|doen)\b",
    r"(?:^|, |\b(?:но|я) )не (?:могу|буду)(?: \w+){0,2} (?:помочь|помогать|ответить|отвечать|предоставить|выполнить|сделать|написать|создать|поделиться|дать|обсуждать|продолжить)",
    r"(?:我|抱歉|对不起|對不起|遗憾|遺憾)[^。]{0,8}(?:无法|無法|不能|不会|不會|没办法|沒辦法)[^，。]{0,8}(?:回答|协助|協助|帮|幫|提供|完成|满足|滿足|处理|處理|生成|创建|建立|编写|撰寫|讨论|討論|参与|參與|执行|執行|访问|繼續|继续)",
    r"(?:お答え|お手伝い|お応え|ご案内|お受け|回答)[^。]{0,8}(?:できません|出来ません|できかねます|しかねます)",
    r"(?:申し訳|すみません|恐れ入り|残念ながら)[^。]{0,30}(?:できません|出来ません|できかねます|しかねます)",
    r"(?:도와\s?드릴|도울|답변(?:할|\s?드릴)|알려\s?드릴|말씀\s?드릴|응할) 수(?:가|는)? 없(?:습니다|어요)",
    r"(?:죄송|저는|정보|요청|질문|내용|콘텐츠)[^。]{0,40}(?:제공|작성|생성|처리|공유)할 수(?:가|는)? 없(?:습니다|어요)",
)
_REFUSES = re.compile("|".join((*_ENGLISH, *_OTHERS)))
# A word of denial, without which there is no refusal: found at once, so that most answers cost no more.
_DENIAL = re.compile(
    r"n't|not\b|unable|declin|refus|prohibit|against|violat|inappropr|unethic|irrespons|wrong|nicht|kein|pas\b|no\b|não\b|non\b|niet|geen"
    r"|[^\x00-\xff]"
)
_LEAD = re.compile(
    r"(?:i(?:'m| am) (?:\w+ )?(?:sorry|afraid|just an|an ai|a language)|(?:oh|no|hm+|hi|hello|ok|okay|sorry|thanks?|unfortunately)\b"
    r"|my apologies|apologies|i (?:apologi[sz]e|understand|appreciate|see|hear|know)|as an? (?:\w+ ){0,2}(?:ai|language|assistant)"
    r"|es tut mir|tut mir|entschuld|leider|je suis désol|désol|lo siento|lo lamento|mi dispiace|desculp|sinto muito|het spijt"
    r"|извините|простите|к сожалению|很?抱歉|对不起|對不起|申し訳|すみません|恐れ入り|죄송)"
)


def refuses(text: str) -> bool:
    """Whether a text begins by declining what was asked, in English or one of ten other languages."""
    opening = text[: 2 * OPENING].replace("’", "'").lower()
    if not _DENIAL.search(opening) or _LETTER.match(opening):
        return False
    opening = _FENCES_AND_QUOTES.sub('""', opening)[:OPENING]
    for number, match in enumerate(_SENTENCE.finditer(opening)):
        sentence = match[0].strip(" \t*_#-")
        if _REFUSES.search(sentence):
            return True
        if number == MOST_LEADS or (sentence and not _LEAD.match(sentence)):
            return False
    return False

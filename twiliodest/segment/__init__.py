"""What senders bring along from Segment: answers of its Public API become a configuration."""

from twiliodest.segment.answers import AnswerError as AnswerError
from twiliodest.segment.answers import read_answers as read_answers
from twiliodest.segment.configuration import TakenOver as TakenOver
from twiliodest.segment.configuration import configuration_of as configuration_of

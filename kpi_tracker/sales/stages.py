"""Pipelines and stages by the names that records give."""

from __future__ import annotations

import re
from collections import defaultdict

from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext as _

from kpi_tracker.orgs.models import Organisation
from kpi_tracker.sales.batch import Batch, one_line
from kpi_tracker.sales.models import DealStatus, Pipeline, Stage

# What people call a won, a lost and an open deal, in English, Swedish, Finnish and the neighbours' languages.
_WORDS = {
    DealStatus.WON: {"won", "vunnen", "vunnet", "vundet", "voitettu", "voitto", "gewonnen"},
    DealStatus.LOST: {"lost", "förlorad", "förlorat", "tapt", "tabt", "hävitty", "hävitetty", "menetetty", "verloren"},
    DealStatus.OPEN: {"open", "öppen", "pågående", "avoin", "kesken", "åpen", "åben", "offen"},
}


def kind_of(name: str) -> DealStatus | None:
    """What a stage's name says of its deals; None where it says nothing of it, or two things."""
    words = set(re.findall(r"\w+", name.casefold()))
    kinds = [kind for kind, known in _WORDS.items() if words & known]
    return kinds[0] if len(kinds) == 1 else None


def pipeline_default(organisation: Organisation) -> Pipeline:
    """The organisation's first pipeline; made, with the usual stages, where it has none."""
    found = Pipeline.objects.filter(organisation=organisation).order_by("id").first()
    if found is not None:
        return found
    with translation.override(organisation.language):
        pipeline = Pipeline.objects.create(organisation=organisation, name=_("Sales"))
        stages = [
            (_("Prospect"), DealStatus.OPEN, False), (_("Qualified"), DealStatus.OPEN, True), (_("Proposal"), DealStatus.OPEN, True),
            (_("Won"), DealStatus.WON, True), (_("Lost"), DealStatus.LOST, False),
        ]
    Stage.objects.bulk_create(
        [
            Stage(organisation=organisation, pipeline=pipeline, name=name, position=position, kind=kind, is_qualified=qualified)
            for position, (name, kind, qualified) in enumerate(stages)
        ]
    )
    return pipeline


class Stages:
    """A stage that is not there yet is made. Words such as “won” mean the pipeline's own stage of that kind."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.default = pipeline_default(batch.organisation)
        pipelines = Pipeline.objects.filter(organisation=batch.organisation)
        self.pipelines = {pipeline.name.casefold(): pipeline for pipeline in pipelines}
        self.of: dict[int, list[Stage]] = defaultdict(list)
        for stage in Stage.objects.filter(organisation=batch.organisation).order_by("pipeline_id", "position", "id"):
            self.of[stage.pipeline_id].append(stage)
        self.by_id = {stage.pk: stage for stages in self.of.values() for stage in stages}
        self._known: dict[tuple[str, str, int], Stage] = {}

    def get(self, pipeline: str, name: str, *, current: int | None) -> Stage | None:
        """The stage called `name`; of the pipeline named, or else the one that has it, first the `current` stage's own."""
        preferred = self.by_id[current].pipeline_id if current else self.default.pk
        key = (pipeline, name, preferred)
        if (found := self._known.get(key)) is None and (found := self._find(one_line(pipeline), one_line(name), preferred)) is not None:
            self._known[key] = found
        return found

    def _find(self, pipeline: str, name: str, preferred: int) -> Stage | None:
        if not name or len(name) > 120 or len(pipeline) > 120:
            self.batch.problem("stage", _("A deal needs a stage, with a name of at most %(most)d characters.") % {"most": 120})
            return None
        where = [self._pipeline(pipeline).pk] if pipeline else [preferred, *sorted(self.of.keys() - {preferred})]
        for pipeline_id in where:
            for stage in self.of[pipeline_id]:
                if stage.name.casefold() == name.casefold():
                    return stage
        kind = kind_of(name)
        same_kind = [stage for stage in self.of[where[0]] if stage.kind == kind]
        if same_kind:
            return same_kind[0]
        return self._create(where[0], name, kind or DealStatus.OPEN)

    def _pipeline(self, name: str) -> Pipeline:
        found = self.pipelines.get(name.casefold())
        if found is None:
            found = self.pipelines[name.casefold()] = Pipeline.objects.create(organisation=self.batch.organisation, name=name)
            self.batch.made["pipelines"] += 1
        return found

    def _create(self, pipeline_id: int, name: str, kind: DealStatus) -> Stage:
        """An open stage goes behind the last open one, a closed one to the end."""
        stages = self.of[pipeline_id]
        before = [stage.position for stage in stages if stage.kind == DealStatus.OPEN or kind != DealStatus.OPEN]
        position = max(before, default=-1) + 1
        organisation = self.batch.organisation
        later_ones = Stage.objects.filter(organisation=organisation, pipeline_id=pipeline_id, position__gte=position)
        later_ones.update(position=F("position") + 1)
        stage = Stage.objects.create(organisation=organisation, pipeline_id=pipeline_id, name=name, position=position, kind=kind)
        for later in stages:
            later.position += later.position >= position
        stages.append(stage)
        self.by_id[stage.pk] = stage
        self.batch.made["stages"] += 1
        return stage

// Texts come from people and from models: everything is bound as text, nothing as HTML.
export default {
  template: `
    <article class="turn" :class="'is-' + turn.phase" :data-turn="turn.id" :data-phase="turn.phase">
      <header>
        <span class="speaker">{{ turn.speaker }}</span>
        <span v-if="turn.source" class="source">{{ turn.source }}</span>
        <span class="phase">{{ turn.phase_name }}</span>
      </header>
      <p class="heard">{{ turn.text }}</p>
      <div class="marks" v-if="turn.route">
        <span class="chip" :class="'to-' + turn.route">{{ turn.route_name }}</span>
        <span class="chip plain" v-if="turn.preset">{{ turn.preset }}</span>
        <span class="reason">{{ turn.reason }}</span>
        <span class="reason" v-if="turn.probability">{{ turn.probability }}</span>
      </div>
      <p class="answer" v-if="turn.sentences.length">
        <span v-for="(sentence, n) in turn.sentences" :key="n" class="sentence" :class="sentence.state"
          :data-state="sentence.state">{{ sentence.text }}</span>
      </p>
      <p class="waiting" v-else-if="turn.waiting">{{ turn.waiting }}</p>
      <p class="error" v-if="turn.error" role="alert">{{ turn.error }}</p>
      <details v-if="turn.stages.length" :open="isOpen" @toggle="isOpen = $event.target.open">
        <summary>{{ turn.total || turn.times }}</summary>
        <div class="waterfall">
          <template v-for="(stage, n) in turn.stages" :key="n">
            <span class="name">{{ stage.name }}</span>
            <span class="lane"><i :class="{ theirs: !stage.ours }"
              :style="{ left: stage.left + '%', width: stage.width + '%' }"></i></span>
            <span class="took">{{ stage.took }}</span>
          </template>
        </div>
      </details>
      <footer v-if="turn.actions.length">
        <q-btn v-for="action in turn.actions" :key="action.event" flat dense no-caps size="sm" :icon="action.icon"
          :label="action.name" :data-action="action.event" @click="$emit(action.event)" />
      </footer>
    </article>`,
  props: { turn: Object },
  emits: ["stop", "to-ai", "to-xiaoai", "forget"],
  data: () => ({ isOpen: false }),
};
